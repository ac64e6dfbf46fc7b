"""What an environment looks like now, on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ops.backup import listing
from ops.backup.world import World
from ops.doctor.facts import Facts
from ops.doctor.rules.disks import root_disk
from ops.errors import OpsError
from ops.model.image_name import ImageName
from ops.model.inventory import LAYERS
from ops.model.service import Service
from ops.nodes.engines import engines
from ops.release.archive import archive_of
from ops.swarm.containers import Tasks, running_on
from ops.swarm.engine import Swarm
from ops.terminal.amounts import moment, size, span
from ops.terminal.columns import columns
from ops.terminal.screen import Say
from ops.terraform.target import Targets

HOUR_S = 3600.0
_UNKNOWN = "-"


@dataclass(frozen=True, kw_only=True)
class NodeRow:
    """One node; sizes in bytes, and none where its engine does not answer."""

    name: str
    role: str
    state: str
    memory_free: int | None
    memory: int
    disk_free: float | None


@dataclass(frozen=True, kw_only=True)
class ServiceRow:
    """One service.

    Args:
        health: ``ok``, or what is with its tasks.
        version: tag and the start of the digest that the swarm runs.
        since_s: since its youngest task runs; none where none does.
        restarts: tasks that ended by themselves in the last hour.
    """

    layer: str
    name: str
    running: int
    declared: int
    health: str
    version: str
    since_s: float | None
    restarts: int


@dataclass(frozen=True, kw_only=True)
class Status:
    """All of it.

    Args:
        release, backup: the last ones in words; or why nobody can tell.
        addresses: who may see each, by address.
    """

    environment: str
    nodes: tuple[NodeRow, ...]
    services: tuple[ServiceRow, ...]
    release: str
    backup: str
    addresses: dict[str, str]

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """For people."""
        well = sum(row.health == "ok" for row in self.services)
        yield f"{self.environment}: {well} of {len(self.services)} services are well" + (
            "" if well == len(self.services) else f"; why not: python -m ops doctor --env {self.environment}"
        )
        yield ""
        yield from columns(
            [("node", "role", "state", "memory free", "disk free")]
            + [
                (
                    row.name,
                    row.role,
                    row.state,
                    f"{_size(row.memory_free)} of {size(row.memory)}",
                    _size(row.disk_free),
                )
                for row in self.nodes
            ]
        )
        yield ""
        yield from columns(
            [("layer", "service", "tasks", "health", "version", "since", "restarts in 1 h")]
            + [
                (
                    row.layer,
                    row.name,
                    f"{row.running}/{row.declared}",
                    row.health,
                    row.version,
                    _UNKNOWN if row.since_s is None else span(row.since_s),
                    str(row.restarts),
                )
                for row in self.services
            ]
        )
        yield ""
        yield f"last release: {self.release}"
        yield f"last backup: {self.backup}"
        if self.addresses:
            yield ""
            yield from columns([(f"https://{host}", who) for host, who in sorted(self.addresses.items())])


def status_of(targets: Targets, say: Say) -> Status:
    """Asks the swarm, the releases and the backups of an environment.

    Raises:
        OpsError: the engine does not answer.
    """
    say(f"connecting to the engine of {targets.name}")
    with engines(targets.services) as found:
        facts = Facts(targets=targets, engines=found)
        say("asking for nodes and services")
        nodes, services = tuple(_nodes(facts)), tuple(_services(facts))
        say("asking for the last release and the last backup")
        return Status(
            environment=facts.name,
            nodes=nodes,
            services=services,
            release=_release(facts),
            backup=_backup(facts),
            addresses=dict(facts.target.wanted.access),
        )


def _nodes(facts: Facts) -> Iterator[NodeRow]:
    by_name = {engine.node_name: engine for engine in facts.engines}
    for node in facts.nodes:
        engine = by_name.get(node.name)
        disk = root_disk(engine) if engine else None
        yield NodeRow(
            name=node.name,
            role=node.role,
            state=node.state if node.availability == "active" else f"{node.state}, {node.availability}",
            memory_free=_memory_free(engine) if engine else None,
            memory=node.memory_bytes,
            disk_free=disk.free if disk else None,
        )


def _memory_free(engine: Swarm) -> int | None:
    """What the kernel calls available, as every container of the node sees it."""
    for container in running_on(engine)[:1]:
        for line in Tasks(engine).run(container, "cat", "/proc/meminfo").output.splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable" and rest.split()[:1]:
                return int(rest.split()[0]) * 1024
    return None


def _services(facts: Facts) -> Iterator[ServiceRow]:
    order = {layer: number for number, layer in enumerate(LAYERS)}
    for service in sorted(
        facts.declared.values(), key=lambda each: (order.get(each.layer, len(order)), each.name)
    ):
        there = facts.running.get(service.name)
        working = facts.working(service.name)
        image = ImageName.parse(there.image) if there else None
        yield ServiceRow(
            layer=service.layer,
            name=service.name,
            running=len(working),
            declared=service.replicas,
            health=_health(service, facts),
            version=f"{image.tag} ({image.short_digest})" if image else _UNKNOWN,
            since_s=min((facts.age_s(task) for task in working), default=None),
            restarts=len(facts.failures(service.name, HOUR_S)),
        )


def _health(service: Service, facts: Facts) -> str:
    there = facts.running.get(service.name)
    if there is None:
        return "not on the swarm"
    if len(facts.working(service.name)) >= service.replicas:
        return "updating" if there.is_updating else "ok"
    coming = facts.coming(service.name)
    if coming:
        return "waits for a node" if coming.waits else coming.state
    return "restarting" if facts.failures(service.name, HOUR_S) else "stopped"


def _release(facts: Facts) -> str:
    try:
        last = archive_of(facts.target.settings).last()
    except OpsError as error:
        return f"not asked: {error.problem}"
    if last is None:
        return "none"
    return f"{last.number}, {last.at:%Y-%m-%d %H:%M} UTC, {last.short_commit}, {last.outcome}: {last.changes}"


def _backup(facts: Facts) -> str:
    world = World(target=facts.target, swarm=facts.swarm, tasks=facts.tasks)
    if not world.jobs:
        return "none: no store has any"
    try:
        found = listing.listed(world, world.jobs, states=False)
    except OpsError as error:
        return f"not asked: {error.problem}"
    copies = [each.snapshots[-1].time for each in found if each.snapshots]
    late = [each.name for each in found if each.problem]
    if not copies:
        return "no copy yet"
    words = f"{moment(max(copies))}, the oldest of a store {span(facts.now - min(copies))} ago"
    return words + (f"; not well: {', '.join(late)}" if late else "")


def _size(count: float | None) -> str:
    return _UNKNOWN if count is None else size(count)
