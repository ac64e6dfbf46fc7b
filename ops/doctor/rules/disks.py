"""Disks that are full: of nodes, and of stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding, Unasked
from ops.model.service import Service
from ops.swarm.containers import Tasks, running_on
from ops.swarm.engine import Swarm
from ops.terminal.amounts import size

FULL_PERCENT = 90.0
"""The alert comes at 80: from here on it stops things."""
_TRIES = 4
"""Containers of a node that are asked: some images have no df."""


@dataclass(frozen=True, kw_only=True)
class Disk:
    """One file system, in bytes; ``percent`` of it is used."""

    device: str
    bytes: float
    free: float
    percent: float


def full_disks(facts: Facts) -> Iterator[Finding | Unasked]:
    """The disk under every engine, asked inside any of its tasks, and every mount of a store, asked inside its own."""
    where = {task.node for service in facts.chosen for task in facts.working(service.name)}
    root = cache(root_disk)  # asked of each engine once, and only where the answer is needed
    asked, unasked = 0, dict[str, int]()
    for engine in facts.engines:
        name = engine.node_name
        if not facts.only or any(facts.node_name(id_) == name for id_ in where):
            asked += 1
            disk = root(engine)
            yield from _of_node(name, disk, facts)
            if disk is None:
                unasked[f"node {name}"] = 1
    for service in facts.chosen:
        if service.keeps_data and facts.working(service.name):
            asked += 1
            found = _of_mounts(service, facts)
            yield from _of_store(service, found, root, facts)
            if not found:
                unasked[service.name] = 1
    if unasked:
        yield Unasked(why={"no task there that has df and can be asked": unasked}, of=asked)


def _of_mounts(service: Service, facts: Facts) -> list[Disk]:
    container = facts.tasks.container(service.name)
    targets = [
        mount.target for mount in service.mounts if mount.type == "volume" or mount.source.startswith("/mnt/")
    ]
    return disks(facts.tasks.run(container, "df", "-Pk", *targets).output) if container else []


def disks(listed: str) -> list[Disk]:
    """What ``df -Pk`` prints: device, kilobytes, used, free, percent, where."""
    found = []
    for line in listed.splitlines():
        words = line.split()
        if len(words) >= 6 and words[1].isdigit() and words[4].endswith("%"):
            found.append(
                Disk(
                    device=words[0],
                    bytes=int(words[1]) * 1024,
                    free=int(words[3]) * 1024,
                    percent=float(words[4].rstrip("%")),
                )
            )
    return found


def root_disk(engine: Swarm) -> Disk | None:
    """The disk that an engine keeps its images and containers on, as a container sees it below ``/``; none where no image has df."""
    inside = Tasks(engine)
    for container in running_on(engine)[:_TRIES]:
        if found := disks(inside.run(container, "df", "-Pk", "/").output):
            return found[0]
    return None


def _of_node(name: str, disk: Disk | None, facts: Facts) -> Iterator[Finding]:
    if disk and disk.percent >= FULL_PERCENT:
        yield Finding(
            kind="disk-full",
            about=f"disk of node {name}",
            cause=f"it is {disk.percent:.0f} % full: images, logs or containers of old versions take its place",
            evidence=(f"{size(disk.free)} of {size(disk.bytes)} free",),
            next=facts.ops("prune"),
        )


def _of_store(
    service: Service, found: list[Disk], root: Callable[[Swarm], Disk | None], facts: Facts
) -> Iterator[Finding]:
    full = {disk.device: disk for disk in found if disk.percent >= FULL_PERCENT and disk.device != "overlay"}
    # A volume of Docker's own is on the node's disk.
    of_node = {disk.bytes for engine in facts.engines if (disk := root(engine))} if full else set()
    for disk in full.values():
        if disk.bytes not in of_node:
            yield Finding(
                kind="disk-full",
                about=f"volume of service {service.name}",
                cause=f"it is {disk.percent:.0f} % full: enlarge it in environments/{facts.name}.yaml, or delete data",
                evidence=(f"{disk.device}: {size(disk.free)} of {size(disk.bytes)} free",),
                next=facts.ops("plan"),
            )
