"""A swarm without an engine, for the tests of ops."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ops.swarm.engine import RunningService, Swarm, Task


@dataclass
class FakeSwarm(Swarm):
    """Answers from its fields."""

    swarm_nodes: dict[str, Any] = field(
        default_factory=lambda: {"LocalNodeState": "active", "ControlAvailable": True, "Nodes": 1}
    )
    services_: list[RunningService] = field(default_factory=list)
    tasks_: list[Task] = field(default_factory=list)
    names_: dict[str, dict[str, str]] = field(default_factory=dict)
    publishing: dict[int, list[str]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def membership(self) -> dict[str, Any]:
        return self.swarm_nodes

    def start(self, address: str) -> str:
        self.swarm_nodes = {"LocalNodeState": "active", "Cluster": {"ID": "swarm-1"}}
        self.done.append(f"start {address}")
        return "swarm-1"

    def leave(self) -> None:
        self.done.append("leave")

    def services(self) -> list[RunningService]:
        return self.services_

    def tasks(self) -> list[Task]:
        return self.tasks_

    def names(self, kind: str) -> dict[str, str]:
        return self.names_.get(kind, {})

    def containers_publishing(self, port: int) -> list[str]:
        return self.publishing.get(port, [])

    def log_tail(self, service_id: str, lines: int = 20) -> list[str]:
        return [f"last words of {service_id}"]


def on_swarm(name: str, id_: str = "", replicas: int = 1) -> RunningService:
    """A service; its id is its name unless another is given."""
    return RunningService(id=id_ or name, name=name, replicas=replicas)


def task(id_: str, service: str, state: str = "running", wanted: str = "running", error: str = "") -> Task:
    """A task."""
    return Task(id=id_, service_id=service, state=state, wanted=wanted, error=error, exit_code=None, since="")
