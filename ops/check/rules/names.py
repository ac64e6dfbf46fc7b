"""Names that must be unique are unique."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.model.service import Service

KINDS = {
    "docker_service": "service",
    "docker_network": "network",
    "docker_volume": "volume",
    "docker_config": "config",
    "docker_secret": "secret",
}
LONGEST = {"docker_service": 63, "docker_network": 63}
"""Characters that fit into a DNS label."""


def names_are_unique(platform: Platform) -> Iterator[Finding]:
    """The engine takes one of a name and kind; a published port is one service's."""
    for type_, kind in KINDS.items():
        names = Counter(resource.values["name"] for resource in platform.inventory.of_type(type_))
        for name, count in names.items():
            if count > 1:
                yield _twice(platform, f"{kind} {name}", "the engine refuses the second")
            if len(name) > LONGEST.get(type_, len(name)):
                yield Finding(
                    path=f"{platform.settings.services_stack}: {kind} {name}",
                    what=f"has {len(name)} characters",
                    cause=f"a name on a network has at most {LONGEST[type_]}",
                    fix="use a shorter one",
                )
    ports = Counter(port.published for service in platform.services for port in service.published)
    for port in (port for port, count in ports.items() if count > 1):
        yield _twice(platform, f"published port {port}", "the second service would never start")


def networks_exist(platform: Platform) -> Iterator[Finding]:
    """Each that a service joins is one of this stack."""
    known = {network.name for network in platform.inventory.of_type("docker_network")}
    for service in platform.services:
        for network in sorted(service.networks.keys() - known):
            yield Finding(
                path=f"{service.path}: networks",
                what=f"joins {network}",
                cause="the stack has no such network",
                fix="declare the connection with connect_to(...) or expose_via(...)",
            )


def names_resolve_to_one(platform: Platform) -> Iterator[Finding]:
    """A service that sees two of one name reaches only the first."""
    for service in platform.services:
        seen: dict[str, Service] = {}
        for network in service.networks:
            for other in platform.services_by_network[network]:
                for name in (other.name, *other.networks[network]):
                    first = seen.setdefault(name, other)
                    if first is not other:
                        yield Finding(
                            path=f"{service.path}: networks",
                            what=f"sees two services called {name}: {first.path} and {other.path}",
                            cause="only one of them could be reached",
                            fix="connect it to one of them, or give one of them another alias",
                        )


def _twice(platform: Platform, what: str, cause: str) -> Finding:
    return Finding(
        path=f"{platform.settings.services_stack}: {what}",
        what="is declared twice",
        cause=cause,
        fix="give one of them another name or number",
    )
