"""A swarm without an engine, for the tests of ops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from layers.cloud.nodes import nodes_of
from layers.settings.environment import Environment
from ops.errors import OpsError
from ops.swarm.engine import RunningService, Swarm, Task
from tests.unit.ops_fixtures import DIGEST_1


def node(
    id_: str,
    name: str,
    *,
    role: str = "manager",
    state: str = "ready",
    address: str = "10.126.0.9",
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A node, as the engine's API has it."""
    raw: dict[str, Any] = {
        "ID": id_,
        "Version": {"Index": 1},
        "Spec": {"Role": role, "Availability": "active", "Labels": dict(labels or {})},
        "Description": {"Hostname": name},
        "Status": {"State": state, "Addr": address},
    }
    if role == "manager":
        raw["ManagerStatus"] = {"Reachability": "reachable" if state == "ready" else "unreachable"}
    return raw


def nodes_as_declared(settings: Environment) -> list[dict[str, Any]]:
    """All nodes of an environment as the managers have them after a deploy. Their ids are their names."""
    return [node(each.name, each.name, role=each.role, labels=each.labels) for each in nodes_of(settings)]


class FakeApi:
    """The engine's API, as far as nodes go: a demoted node is a worker at once, a drained one has no tasks.

    Attributes:
        digests: of the images that it has.
    """

    def __init__(self, nodes: list[dict[str, Any]], done: list[str]) -> None:
        self.digests: list[str] = []
        self._nodes = nodes
        self._done = done

    def info(self) -> dict[str, Any]:
        return {"Name": "manager"}

    def images(self) -> list[dict[str, Any]]:
        return [
            {"Id": digest, "RepoDigests": [f"example.org/app@{digest}"], "Size": 0} for digest in self.digests
        ]

    def df(self) -> dict[str, Any]:
        return {"LayersSize": 0}

    def remove_image(self, reference: str) -> None:
        self._done.append(f"remove image {reference}")

    def nodes(self) -> list[dict[str, Any]]:
        return self._nodes

    def inspect_node(self, id_: str) -> dict[str, Any]:
        return next(raw for raw in self._nodes if raw["ID"] == id_)

    def update_node(self, id_: str, version: int, spec: dict[str, Any]) -> None:
        raw = self.inspect_node(id_)
        assert version == raw["Version"]["Index"]
        self._done += [f"{value} {id_}" for key, value in spec.items() if value != raw["Spec"].get(key)]
        raw |= {"Version": {"Index": version + 1}, "Spec": spec}
        if spec["Role"] == "worker":
            raw.pop("ManagerStatus", None)

    def remove_node(self, id_: str, force: bool = False) -> None:
        raw = self.inspect_node(id_)
        assert force and "ManagerStatus" not in raw
        self._nodes.remove(raw)
        self._done.append(f"remove {id_}")

    def tasks(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        return []

    def containers(self, all: bool = False, filters: dict[str, str] | None = None) -> list[dict[str, Any]]:
        return []

    def networks(self, filters: dict[str, str] | None = None) -> list[dict[str, Any]]:
        return []

    def volumes(self, filters: dict[str, str]) -> dict[str, Any]:
        return {"Volumes": []}


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
    nodes: list[dict[str, Any]] = field(default_factory=list)
    answers: bool = True

    def __post_init__(self) -> None:
        super().__init__(cast(Any, FakeApi(self.nodes, self.done)))

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

    def remove(self, kind: str, id_: str) -> bool:
        self.done.append(f"remove {kind} {id_}")
        self.services_ = [each for each in self.services_ if each.id != id_]
        return True

    def roll_back(self, id_: str) -> None:
        self.done.append(f"roll back {id_}")

    def last_health(self, container: str) -> str:
        return "no answer on port 80" if container.startswith("unhealthy") else ""

    def wait_for_removed_tasks(self, timeout_s: float = 60.0) -> None:
        """Gone at once."""

    def names(self, kind: str) -> dict[str, str]:
        return self.names_.get(kind, {})

    def containers_publishing(self, port: int) -> list[str]:
        return self.publishing.get(port, [])

    def log_tail(self, service_id: str, lines: int = 20) -> list[str]:
        return [f"last words of {service_id}"]

    def task_log(self, task: Task, lines: int = 20) -> list[str]:
        return [f"last words of {task.service_id}"]


def connect(patch: pytest.MonkeyPatch, swarm: FakeSwarm) -> None:
    """Has every connection to an engine lead to this swarm, while it answers."""

    @contextmanager
    def connected(host: str, ssh_options: Sequence[str] = ()) -> Iterator[FakeSwarm]:
        if not swarm.answers:
            raise OpsError(f"the engine at {host} does not answer: timed out")
        yield swarm

    for module in ("ops.terraform.target", "ops.swarm.tasks", "ops.nodes.engines"):
        patch.setattr(f"{module}.connected", connected)


def on_swarm(
    name: str,
    id_: str = "",
    replicas: int = 1,
    *,
    uses: Sequence[str] = (),
    update: str = "",
    began: str = "",
    image: str = f"example.org/app:1.2@{DIGEST_1}",
) -> RunningService:
    """A service; its id is its name unless another is given. It runs the image that the fixtures declare."""
    return RunningService(
        id=id_ or name,
        name=name,
        replicas=replicas,
        uses=frozenset(uses),
        update=update,
        update_began=began,
        image=image,
    )


def task(
    id_: str,
    service: str,
    state: str = "running",
    wanted: str = "running",
    error: str = "",
    container: str = "",
    exit_code: int | None = None,
) -> Task:
    """A task."""
    return Task(
        id=id_,
        service_id=service,
        state=state,
        wanted=wanted,
        error=error,
        exit_code=exit_code,
        since="",
        container=container,
        memory_limit=64_000_000,
    )
