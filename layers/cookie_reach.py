"""Where browsers send the cookie of the sign-in: to admin pages, and to no other host of any environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .errors import Problem, SettingsError
from .platform.identity import hosts_of
from .settings.environment import Environment
from .settings.host import is_below

GUARDED = ("image_generation_host", "elo_host")
"""Settings of an instance that say the host of an admin page, which its own environment's cookie is for."""


def check_cookie_reach(environment: Environment, environments: Iterable[Environment]) -> None:
    """Refuses hosts at or below a domain that a cookie of admins is for: a server there could act as that admin.

    A host counts even if nothing answers there now: it has a name in DNS, or gets one with a line of YAML.

    Args:
        environments: whose cookies and hosts are compared with this one's; it may be among them. Simulated ones too.

    Raises:
        SettingsError: names each such host by its setting, in the file that has to change.
    """
    others = [each for each in environments if each.name != environment.name]
    pairs = [(environment, environment)]
    pairs += [pair for other in others for pair in ((environment, other), (other, environment))]
    problems = [problem for signed_in, host_owner in pairs for problem in _reached(signed_in, host_owner)]
    if problems:
        raise SettingsError(*problems)


def _reached(signed_in: Environment, owner: Environment) -> Iterator[Problem]:
    """Hosts of the second environment that are sent the cookie of the first."""
    domain = signed_in.pages_domain
    for setting, host in {"domain": owner.domain, **hosts_of(owner)}.items():
        # Simulated environments may have one domain, and then the same admin pages.
        is_own_page = owner.domain == signed_in.domain and setting.rpartition("/")[2] in GUARDED
        if is_below(host, domain) and not is_own_page:
            yield Problem(
                file=f"{owner.name}.yaml",
                setting=setting,
                problem=f"is {host}, and the cookie of admins of {signed_in.name}.yaml is sent to {domain} and all hosts below it",
                allowed=f"only admin pages of {signed_in.name}.yaml are there",
                fix="use another host",
            )
