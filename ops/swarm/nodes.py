"""The nodes of a swarm, as its managers know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import docker.errors

from ops.errors import OpsError
from ops.model.constraint import DescribedNode
from ops.swarm.engine import Swarm
from ops.swarm.updating import update_current
from ops.waiting import wait_until


@dataclass(frozen=True, kw_only=True)
class SwarmNode:
    """One entry. A replaced node leaves its old entry behind until that is removed."""

    id: str
    name: str
    role: str
    state: str
    availability: str
    reachability: str = ""
    address: str = ""
    """Where its connection to the managers comes from, as they see it."""
    labels: tuple[tuple[str, str], ...] = ()
    """Those that managers set, not those of its engine."""
    engine_labels: tuple[tuple[str, str], ...] = ()
    os: str = ""
    arch: str = ""
    engine: str = ""
    """Its engine's version, such as ``20.10.24+dfsg1``."""
    memory_bytes: int = 0
    nano_cpus: int = 0
    message: str = ""
    """Why it is down, in the managers' words."""

    @property
    def described(self) -> DescribedNode:
        """What placement constraints can ask of it."""
        return DescribedNode(
            id=self.id,
            hostname=self.name,
            role=self.role,
            address=self.address,
            os=self.os,
            arch=self.arch,
            labels=dict(self.labels),
            engine_labels=dict(self.engine_labels),
        )

    @property
    def takes_tasks(self) -> bool:
        """Whether the swarm starts tasks on it."""
        return self.is_up and self.availability == "active"

    @property
    def is_manager(self) -> bool:
        """Its role."""
        return self.role == "manager"

    @property
    def is_up(self) -> bool:
        """Whether the managers can reach it."""
        return self.state == "ready"

    @property
    def is_reachable(self) -> bool:
        """Whether its vote counts."""
        return self.is_manager and self.reachability == "reachable"


class SwarmNodes:
    """Lists and changes the nodes of a swarm."""

    def __init__(self, swarm: Swarm) -> None:
        self._api = swarm.api

    def all(self) -> list[SwarmNode]:
        """All nodes, sorted by name."""
        return sorted((_swarm_node(raw) for raw in self._api.nodes()), key=lambda swarm_node: swarm_node.name)

    def drain(self, id_: str) -> None:
        """Drains a node: its tasks move to other nodes."""
        self._update(id_, Availability="drain")

    def activate(self, id_: str) -> None:
        """Lets tasks run on a node again."""
        self._update(id_, Availability="active")

    def promote(self, id_: str) -> None:
        """Makes a node a manager."""
        self._update(id_, Role="manager")

    def label(self, id_: str, labels: Mapping[str, str]) -> None:
        """Gives a node these labels and no others."""
        self._update(id_, Labels=dict(labels))

    def demote(self, id_: str, timeout_s: float = 60.0) -> None:
        """Makes a manager a worker, and waits until it has left the managers' quorum."""
        self._update(id_, Role="worker")

        def gone() -> bool:
            try:
                return "ManagerStatus" not in self._api.inspect_node(id_)
            except docker.errors.APIError as error:
                # It was the manager that we talk to; a worker refuses this request.
                return "not a swarm manager" in str(error)

        if not wait_until(gone, timeout_s):
            raise OpsError(f"node {id_} is still a manager after {timeout_s:g} s")

    def remove(self, id_: str, *, manager: bool = False) -> None:
        """Removes the entry of a node that is down."""
        if manager:
            self.demote(id_)
        self._api.remove_node(id_, force=True)

    def wait_until_empty(self, id_: str, *, timeout_s: float) -> None:
        """Waits until no task runs on a node."""

        def empty() -> bool:
            tasks = self._api.tasks(filters={"node": id_})
            return not any((task.get("Status") or {}).get("State") in _ALIVE for task in tasks)

        if not wait_until(empty, timeout_s):
            raise OpsError(f"tasks still run on the drained node after {timeout_s:g} s")

    def _update(self, id_: str, **change: object) -> None:
        def update(raw: Mapping[str, Any]) -> None:
            self._api.update_node(id_, raw["Version"]["Index"], {**raw["Spec"], **change})

        update_current(f"node {id_}", partial(self._api.inspect_node, id_), update)


_ALIVE = ("running", "starting", "preparing", "ready", "assigned", "accepted")


def _swarm_node(raw: dict[str, Any]) -> SwarmNode:
    spec, status = raw["Spec"], raw.get("Status") or {}
    engine = (raw.get("Description") or {}).get("Engine") or {}
    has = (raw.get("Description") or {}).get("Resources") or {}
    platform = (raw.get("Description") or {}).get("Platform") or {}
    return SwarmNode(
        id=raw["ID"],
        name=(raw.get("Description") or {}).get("Hostname", ""),
        role=spec.get("Role", ""),
        state=status.get("State", ""),
        availability=spec.get("Availability", ""),
        reachability=(raw.get("ManagerStatus") or {}).get("Reachability", ""),
        address=status.get("Addr", ""),
        labels=tuple(sorted((spec.get("Labels") or {}).items())),
        engine_labels=tuple(sorted((engine.get("Labels") or {}).items())),
        os=platform.get("OS", ""),
        arch=platform.get("Architecture", ""),
        engine=engine.get("EngineVersion", ""),
        memory_bytes=int(has.get("MemoryBytes") or 0),
        nano_cpus=int(has.get("NanoCPUs") or 0),
        message=status.get("Message", ""),
    )
