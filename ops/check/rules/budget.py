"""What services reserve fits the nodes, and each finds a node that takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sprocket_constructs import mebibytes, size

from layers.settings.nodes import NodePool
from ops.check.finding import Finding
from ops.check.placement import fulfils
from ops.check.platform import Platform
from ops.model.service import Service


def limits_and_reservations_are_set(platform: Platform) -> Iterator[Finding]:
    """Without them one service takes a node from all others."""
    for service in platform.services:
        for bound, amount in (("limits", service.limits), ("reservation", service.reservation)):
            if not (amount.memory_bytes > 0 and amount.nano_cpus > 0):
                yield Finding(
                    path=f"{service.path}: resources/{bound}",
                    what="memory or cpu is not bounded",
                    cause="one service could use up a node's memory or CPU",
                    fix=f"give all four numbers in environments/resources/{platform.settings.resources_table}.yaml",
                )


def placement_matches_a_node(platform: Platform) -> Iterator[Finding]:
    """Some node fulfils its constraints, is large enough for its limit, and there are enough of them."""
    for service in platform.services:
        pools = [pool for pool in platform.settings.nodes.values() if fulfils(pool, service.constraints)]
        if not pools:
            yield _no_matching_node(platform, service)
            continue
        largest = max(size(pool.memory) for pool in pools)
        limit = service.limits.memory_bytes
        if limit > largest:
            yield Finding(
                path=f"{platform.file_name}: resources/{service.short_name}/memory",
                what=f"limit of {service.name} is {mebibytes(limit)}",
                cause=f"the largest node that it may run on has {mebibytes(largest)}, so this limit has no effect",
                fix="lower it, or give the node more memory",
            )
        nodes = sum(pool.count for pool in pools)
        if service.max_per_node and service.replicas > nodes * service.max_per_node:
            yield Finding(
                path=f"{service.path}: replicas",
                what=f"wants {service.replicas} tasks, at most {service.max_per_node} on a node",
                cause=f"nodes for it: {nodes}, so some tasks would stay pending forever",
                fix="lower the replicas or add nodes",
            )


def reservations_fit(platform: Platform) -> Iterator[Finding]:
    """All of them on all nodes, and those that are pinned on the nodes that they are pinned to."""
    yield from _sum_fits(platform, platform.services, list(platform.settings.nodes.values()), "all nodes")
    for constraint in sorted({c for service in platform.services for c in service.constraints}):
        pinned = [s for s in platform.services if constraint in s.constraints]
        pools = [pool for pool in platform.settings.nodes.values() if fulfils(pool, [constraint])]
        if pools:
            yield from _sum_fits(platform, pinned, pools, f"nodes with {constraint}")


def _sum_fits(
    platform: Platform, services: Sequence[Service], pools: Sequence[NodePool], where: str
) -> Iterator[Finding]:
    memory = sum(pool.count * (size(pool.memory) - size(pool.headroom)) for pool in pools)
    cpus = sum(pool.count * pool.cpus for pool in pools)
    reserved = sum(s.reservation.memory_bytes * s.replicas for s in services)
    cores = sum(s.reservation.nano_cpus / 1e9 * s.replicas for s in services)
    if reserved > memory:
        yield _too_much(
            platform, f"{mebibytes(reserved)} of memory", f"{mebibytes(memory)} after headroom", where
        )
    if cores > cpus:
        yield _too_much(platform, f"{cores:.2f} cores", f"{cpus}", where)


def _too_much(platform: Platform, reserved: str, have: str, where: str) -> Finding:
    return Finding(
        path=f"{platform.file_name}: nodes",
        what=f"services reserve {reserved} on {where}",
        cause=f"available: {have}, so some tasks would stay pending forever",
        fix=f"reserve less in environments/resources/{platform.settings.resources_table}.yaml, or add a node",
    )


def _no_matching_node(platform: Platform, service: Service) -> Finding:
    labels = {
        f"{name}={value}" for pool in platform.settings.nodes.values() for name, value in pool.labels.items()
    }
    return Finding(
        path=f"{service.path}: placement",
        what=f"runs on nodes with {' and '.join(service.constraints)}",
        cause=f"no node pool matches (labels: {', '.join(sorted(labels)) or 'none'}), so its task would stay pending forever",
        fix=f"add the label under {platform.file_name}: nodes/<pool>/labels, or change the placement",
    )
