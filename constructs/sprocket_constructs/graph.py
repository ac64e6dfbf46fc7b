"""Who can reach whom, as declared: checked before synthesis, printed for reviewers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .errors import ConstructError
from .service import SwarmService


def check(services: Sequence[SwarmService]) -> None:
    """Refuses names that would resolve to the wrong service, and services that wait for each other.

    Raises:
        ConstructError: a service sees one short name twice (the engine silently resolves only the first), two
            publish one port, or the order of deployment has a circle.
    """
    members = _members(services)
    for service in services:
        _check_names(service, members)
    _check_ports(services)
    _check_order(services)


def sharing(services: Sequence[SwarmService]) -> dict[str, list[str]]:
    """The services on each network, sorted: all that says who can reach whom."""
    return {network: sorted(s.name for s in joined) for network, joined in sorted(_members(services).items())}


def _members(services: Iterable[SwarmService]) -> dict[str, list[SwarmService]]:
    members: dict[str, list[SwarmService]] = {}
    for service in services:
        for name in service.attachments:
            members.setdefault(name, []).append(service)
    return members


def _check_names(service: SwarmService, members: dict[str, list[SwarmService]]) -> None:
    seen: dict[str, SwarmService] = {}
    for network in service.attachments:
        for other in members[network]:
            for name in (other.name, *other.attachments[network].aliases):
                first = seen.setdefault(name, other)
                if first is not other:
                    raise ConstructError(
                        service,
                        f"sees two services called {name} ({first.node.path} and {other.node.path}), "
                        "and only one of them could be reached",
                        fix="connect it to one of them, or give one of them another alias",
                    )


def _check_ports(services: Sequence[SwarmService]) -> None:
    publishers: dict[int, SwarmService] = {}
    for service in services:
        for port in service.published:
            first = publishers.setdefault(port, service)
            if first is not service:
                raise ConstructError(
                    service,
                    f"publishes port {port}, which {first.node.path} publishes too",
                    fix="use another port, or route both through a gateway",
                )


def _check_order(services: Sequence[SwarmService]) -> None:
    done: set[str] = set()

    def visit(service: SwarmService, path: tuple[SwarmService, ...]) -> None:
        if service in path:
            circle = " -> ".join(s.name for s in (*path[path.index(service) :], service))
            raise ConstructError(
                service, f"waits for itself: {circle}", fix="connect one of them with waits=False"
            )
        if service.name not in done:
            for other in service.waits_for:
                visit(other, (*path, service))
            done.add(service.name)

    for service in services:
        visit(service, ())
