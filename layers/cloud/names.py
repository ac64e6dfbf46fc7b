"""The names in DNS that the services are found by."""

from ..platform.identity import identities_of
from ..settings.environment import Environment


def manager_host(settings: Environment) -> str:
    """The name that people and CI reach the swarm's manager by."""
    return f"swarm.{settings.domain}"


def public_hosts(settings: Environment) -> tuple[str, ...]:
    """Every name that leads to the public address, sorted.

    The manager's for SSH, unless the private mesh is the only way to it. The domain, all pages of operators below it (a wildcard), and the pages and APIs of each instance of the platform,
    wherever in the zone they are.
    """
    hosts = {settings.domain, f"*.{settings.pages_domain}"}
    if settings.cloud is None or not settings.cloud.access.is_private:
        hosts.add(manager_host(settings))
    for identity in identities_of(settings):
        hosts |= {identity.host, *identity.aliases, identity.api_host, identity.image_generation_host}
        if identity.elo_host:
            hosts.add(identity.elo_host)
    return tuple(sorted(hosts))
