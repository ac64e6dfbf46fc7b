"""The services: all replicas run, no task restarts, and only the gateway publishes ports."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping

from ops.model.service import Service
from ops.smoke.outcome import Outcome
from ops.smoke.scene import Scene
from ops.swarm.containers import Tasks
from ops.swarm.engine import Swarm
from ops.waiting import wait_until

AREA = "services"
PORTS_AREA = "published ports"

OPEN_PORTS = (80, 443)
EVERY_S = 2.0


class Observation:
    """The running tasks of each service, over several looks."""

    def __init__(self, wanted: Mapping[str, int]) -> None:
        self._wanted = wanted
        self._tasks: dict[str, set[str]] = {}
        self._fewest: dict[str, int] = {}
        self._replicas: dict[str, int] = {}
        self.looks = 0

    def look(self, swarm: Swarm) -> None:
        """Records which tasks run now."""
        services = {service.id: service for service in swarm.services() if service.name in self._wanted}
        self._replicas |= {service.name: service.replicas for service in services.values()}
        running: dict[str, set[str]] = {name: set() for name in self._wanted}
        for task in swarm.tasks():
            if task.runs and task.service_id in services:
                running[services[task.service_id].name].add(task.id)
        for name, ids in running.items():
            self._tasks.setdefault(name, set()).update(ids)
            self._fewest[name] = min(self._fewest.get(name, len(ids)), len(ids))
        self.looks += 1

    def problem(self, name: str) -> str:
        """What is wrong with a service; empty when nothing is."""
        wanted = self._wanted[name]
        if name not in self._replicas:
            return "does not exist on the swarm"
        if self._replicas[name] != wanted:
            return f"{self._replicas[name]} replicas on the swarm, {wanted} in the code"
        if self._fewest[name] < wanted:
            return f"{self._fewest[name]}/{wanted}"
        if len(self._tasks[name]) > wanted:
            return f"{len(self._tasks[name])} different tasks: it restarts or is being updated"
        return ""


def check_services(scene: Scene, swarm: Swarm, *, seconds: float, end: threading.Event) -> Iterator[Outcome]:
    """Every service has all its replicas at each look, and the same tasks."""
    seen = Observation({name: service.replicas for name, service in scene.services.items()})
    wait_until(lambda: seen.look(swarm), seconds, done=lambda _: False, interval_s=EVERY_S, sleep=end.wait)
    for name, service in sorted(scene.services.items()):
        problem = seen.problem(name)
        yield Outcome.of(
            AREA,
            name,
            not problem,
            expected=f"{service.replicas}/{service.replicas}, the same tasks for {seconds:g} s",
            found=problem or f"{service.replicas}/{service.replicas} at each of {seen.looks} looks",
            fix=f"docker service ps {name}; docker service logs {name}",
        )


def check_ports(services: Mapping[str, Service], tasks: Tasks) -> Iterator[Outcome]:
    """Only the gateway publishes ports, 80 and 443: as declared, and on the swarm, other stacks included."""
    found = tasks.published()
    declared = {
        name: sorted(port.published for port in service.published)
        for name, service in services.items()
        if service.published
    }
    yield _ports("as declared", declared)
    yield _ports("on the swarm", found)


def _ports(name: str, found: Mapping[str, Collection[int]]) -> Outcome:
    shown = ", ".join(f"{service} {' '.join(map(str, ports))}" for service, ports in sorted(found.items()))
    return Outcome.of(
        PORTS_AREA,
        name,
        len(found) == 1 and sorted(next(iter(found.values()))) == list(OPEN_PORTS),
        expected=f"{' and '.join(map(str, OPEN_PORTS))}, by one service",
        found=shown or "none",
        fix="only the gateway publishes ports; others are reached by connect_to or expose_via",
    )
