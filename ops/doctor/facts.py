"""What all rules look at: an environment as it is declared, and its swarm as it is now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ops.errors import OpsError
from ops.model.inventory import Inventory
from ops.model.service import Service
from ops.model.services import services_of
from ops.nodes.inventory import nodes_of, typed_on_manager, typed_on_node
from ops.release.archive import archive_of
from ops.release.release import Release, to_go_back_to
from ops.swarm.containers import Tasks
from ops.swarm.engine import RunningService, Swarm, Task
from ops.swarm.live_service import LiveService, live_services
from ops.swarm.moment import seconds_since_1970
from ops.swarm.nodes import SwarmNode, SwarmNodes
from ops.swarm.tasks import beyond_its_error
from ops.terraform.target import Target, Targets


@dataclass
class Facts:
    """One environment at one time. What it asks, it asks once.

    Args:
        engines: of all nodes that answer, the manager's first.
        only: names of the services that are looked at; all where it is empty.
    """

    targets: Targets
    engines: Sequence[Swarm]
    only: frozenset[str] = frozenset()
    now: float = field(default_factory=time.time)

    @property
    def target(self) -> Target:
        """The stack of services."""
        return self.targets.services

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.targets.name

    @property
    def swarm(self) -> Swarm:
        """A manager."""
        return self.engines[0]

    @cached_property
    def tasks(self) -> Tasks:
        """Commands inside tasks."""
        return Tasks(*self.engines)

    # -- what is declared ------------------------------------------------------------------------------------------

    @cached_property
    def declared(self) -> dict[str, Service]:
        """All services, by name."""
        return {service.name: service for service in services_of(self.target.wanted)}

    @cached_property
    def chosen(self) -> list[Service]:
        """Those that are looked at."""
        return [each for name, each in self.declared.items() if not self.only or name in self.only]

    def follows(self, service: Service) -> tuple[str, ...]:
        """What may be why a service does not work."""
        return tuple(f"service {name}" for name in servers_of(self.declared, service.name))

    def look(self) -> None:
        """Asks what every rule needs, so that a manager that cannot answer is told as such."""
        _ = self.running, self.nodes, self._tasks

    # -- what is there ---------------------------------------------------------------------------------------------

    @cached_property
    def running(self) -> dict[str, RunningService]:
        """All services of the swarm, by name."""
        return {service.name: service for service in self.swarm.services()}

    @cached_property
    def live(self) -> dict[str, LiveService]:
        """The same with all settings."""
        return {each.service.name: each for each in live_services(self.swarm, Inventory(resources={}))}

    @cached_property
    def nodes(self) -> list[SwarmNode]:
        """All nodes of the swarm."""
        return SwarmNodes(self.swarm).all()

    @cached_property
    def _tasks(self) -> dict[str, list[Task]]:
        found: dict[str, list[Task]] = {}
        for task in sorted(self.swarm.tasks(), key=lambda task: task.since, reverse=True):
            found.setdefault(task.service_id, []).append(task)
        return found

    def history(self, name: str) -> list[Task]:
        """Tasks of a service, the one that changed last first."""
        there = self.running.get(name)
        return self._tasks.get(there.id, []) if there else []

    def working(self, name: str) -> list[Task]:
        """Its tasks that run, and are healthy."""
        return [task for task in self.history(name) if task.runs]

    def coming(self, name: str) -> Task | None:
        """Its newest task that should run and does not yet; one that waits for its restart does not count."""
        return next(
            (
                task
                for task in self.history(name)
                if task.wanted == "running" and not task.runs and not task.failed
            ),
            None,
        )

    def failures(self, name: str, within_s: float, *, of_this_version: bool = False) -> list[Task]:
        """Its tasks that ended by themselves lately, the last one first.

        Args:
            of_this_version: leave out those from before its last update began.
        """
        there = self.running.get(name)
        began = seconds_since_1970(there.update_began or there.changed) if there and of_this_version else 0.0
        since = max(self.now - within_s, began)
        return [
            task for task in self.history(name) if task.failed and seconds_since_1970(task.since) >= since
        ]

    def age_s(self, task: Task) -> float:
        """Since it is in its state."""
        return self.now - seconds_since_1970(task.since)

    def beyond_its_error(self, task: Task) -> str:
        """What a task's error does not say: asked of every engine, since only its own node's has the container."""
        return next((said for engine in self.engines if (said := beyond_its_error(task, engine))), "")

    def last_words(self, task: Task, lines: int = 5) -> tuple[str, ...]:
        """The end of a task's log."""
        return tuple(f"log: {line.rstrip()}" for line in self.swarm.task_log(task, lines) if line.strip())

    def node_name(self, id_: str) -> str:
        """Of a node's id."""
        return next((node.name for node in self.nodes if node.id == id_), id_)

    @cached_property
    def answering(self) -> frozenset[str]:
        """Names of the nodes whose engines answer."""
        return frozenset(engine.node_name for engine in self.engines)

    def why_no_container(self, name: str) -> str:
        """Why no engine that answers has a container of a service that has tasks which run."""
        nodes = {self.node_name(task.node) for task in self.working(name)}
        # Tasks and containers are listed one after the other.
        return (
            "its task was replaced meanwhile"
            if nodes & self.answering
            else "the engine of its node does not answer"
        )

    # -- what was deployed -----------------------------------------------------------------------------------------

    @cached_property
    def releases(self) -> list[Release]:
        """Oldest first; none where they cannot be read, which the rule about versions says."""
        try:
            return archive_of(self.target.settings).releases()
        except OpsError:
            return []

    # -- what to type ----------------------------------------------------------------------------------------------

    def ops(self, command: str, rest: str = "") -> str:
        """A command of ours for this environment."""
        return f"python -m ops {command} --env {self.name}{f' {rest}' if rest else ''}"

    def log_of(self, name: str, since: str = "15m") -> str:
        """The command that shows a service's log."""
        return self.ops(f"logs {name}", f"--since {since}")

    def back_or_log(self, name: str) -> str:
        """The command that goes back to the service's last release that worked; its log where there is none."""
        if to_go_back_to(self.releases):
            return self.ops("rollback", f"--service {name}")
        return self.log_of(name)

    def on_manager(self, *command: str) -> str:
        """A command on the host that the engine is reached at."""
        return typed_on_manager(self.target.settings, *command)

    def on_node(self, name: str, *command: str) -> str:
        """A command on a node; where nothing says how to reach it, what its managers know of it."""
        if name == self.swarm.node_name:
            return self.on_manager(*command)
        for node in nodes_of(self.target.settings):
            if node.name == name:
                return typed_on_node(self.target.settings, node, *command)
        return self.on_manager("docker", "node", "inspect", "--pretty", name)


def servers_of(declared: dict[str, Service], name: str) -> list[str]:
    """Names of all services that one needs, over any number of connections; without its own."""
    found = [name]
    for each in found:  # which grows meanwhile
        servers = dict.fromkeys(declared[each].servers)
        found += [server for server in servers if server in declared and server not in found]
    return found[1:]
