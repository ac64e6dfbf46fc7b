"""Who may try to sign in to the nodes."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from layers.settings.environment import Environment
from ops.check.finding import Finding, Severity
from ops.check.platform import Platform

PLACEHOLDERS = tuple(
    map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"))
)
"""Address ranges reserved for documentation."""

SHORTEST = {4: 8, 6: 16}
"""Bits of a network, by the version of its addresses; a shorter one is a good part of the internet."""


def ssh_sources_are_restricted(platform: Platform) -> Iterator[Finding]:
    """The allow-list has none that is a large part of the internet; before a deploy, no placeholder either."""
    yield from found_in(platform.settings)


def found_in(settings: Environment) -> Iterator[Finding]:
    """The same for whoever has the settings only. An outside world that is simulated may have any address."""
    simulated = settings.secrets.supplied == "generated"
    for number, text in enumerate(settings.cloud.access.ssh_from if settings.cloud else ()):
        network = ip_network(text)
        path = f"{settings.name}.yaml: cloud/access/ssh_from/{number}"
        if network.prefixlen < SHORTEST[network.version]:
            yield _finding(
                path, f"is {text}", "anyone on the internet may try to sign in to the nodes", "error"
            )
        elif not simulated and any(_inside(network, placeholder) for placeholder in PLACEHOLDERS):
            yield _finding(
                path,
                f"{text} is a placeholder",
                "the range is reserved for documentation: nobody could connect, this machine included",
                "deploy",
            )


def _inside(network: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)


def _finding(path: str, what: str, cause: str, severity: Severity) -> Finding:
    return Finding(
        path=path,
        what=what,
        cause=cause,
        fix="list the addresses of maintainers and CI, or set cloud/access/tailscale; docs/runbooks/access.md",
        severity=severity,
        stack="cloud",
    )
