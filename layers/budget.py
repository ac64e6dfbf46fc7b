"""Whether what the services reserve fits the nodes."""

from collections.abc import Sequence

from sprocket_constructs import SwarmService, mebibytes, size

from .errors import SettingsError
from .settings.environment import Environment


def check_budget(services: Sequence[SwarmService], settings: Environment) -> None:
    """Refuses reservations that the nodes cannot keep and limits above any node.

    A task whose reservation fits nowhere stays pending forever; a limit above the node has no effect.

    Raises:
        SettingsError: names the sum, what there is and the largest reservations.
    """
    file = f"{settings.name}.yaml"
    pools = settings.nodes.values()
    memory = sum(pool.count * (size(pool.memory) - size(pool.headroom)) for pool in pools)
    cpus = sum(pool.count * pool.cpus for pool in pools)
    reserved = sum(s.resources.memory_reservation_bytes * s.scale.replicas for s in services)
    reserved_cpus = sum(s.resources.cpu_reservation * s.scale.replicas for s in services)
    if reserved > memory:
        raise SettingsError.of(
            f"services reserve {mebibytes(reserved)} of memory and the nodes have {mebibytes(memory)} after headroom; "
            f"{_largest(services)}",
            fix="reserve less or add a node",
            setting="nodes",
            file=file,
        )
    if reserved_cpus > cpus:
        raise SettingsError.of(
            f"services reserve {reserved_cpus:.2f} cores and the nodes have {cpus}",
            fix="reserve less or add a node",
            setting="nodes",
            file=file,
        )
    largest = max(pools, key=lambda pool: size(pool.memory))
    for service in services:
        if service.resources.memory_limit_bytes > size(largest.memory):
            raise SettingsError.of(
                f"limit {mebibytes(service.resources.memory_limit_bytes)} is above the largest node ({largest.memory})",
                fix="lower it",
                setting=f"resources/{service.name}/memory",
                file=file,
            )


def _largest(services: Sequence[SwarmService]) -> str:
    top = sorted(services, key=lambda s: -s.resources.memory_reservation_bytes)[:3]
    return "the largest are " + ", ".join(
        f"{s.name} {mebibytes(s.resources.memory_reservation_bytes)}" for s in top
    )
