"""The names in DNS that the services are found by."""

from ..platform.identity import identities_of
from ..settings.environment import Environment


def manager_host(settings: Environment) -> str:
    """The name that people and CI reach the swarm's manager by."""
    return f"swarm.{settings.domain}"


def public_hosts(settings: Environment) -> tuple[str, ...]:
    """Every name that leads to the public address, sorted.

    The manager's for SSH, unless the private mesh is the only way to it. The domain, all admin pages (a wildcard: nothing else
    has a name there, and one such would hide the wildcard below it, RFC 4592), and the pages and APIs of each instance of the
    platform, wherever in the zone they are.
    """
    hosts = {settings.domain, f"*.{settings.pages_domain}"}
    if settings.cloud is None or not settings.cloud.access.is_private:
        hosts.add(manager_host(settings))
    if settings.ingress.sign_in.provider == "fake":
        hosts.add(settings.fake_discord_host)
    for identity in identities_of(settings):
        hosts |= {identity.host, *identity.aliases, identity.api_host}
    return tuple(sorted(hosts))
