"""Containers that ended on a node and that nobody removes: those of people and of programs that were killed. Swarm clears its own."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ops.boot.throwaway import LABEL as TRIAL_BOOT
from ops.release.removal import removed
from ops.swarm.containers import TASK
from ops.swarm.engine import Swarm

STOPPED_FOR = "a day"
_DAY_S = 86_400

_ENDED = ("exited", "dead", "created")


@dataclass(frozen=True, kw_only=True)
class StoppedContainer:
    """One container that no longer runs."""

    id: str
    name: str

    def __str__(self) -> str:
        return self.name or self.id[:12]


def stopped_containers(engine: Swarm) -> Iterator[StoppedContainer]:
    """Those made more than a day ago, without the tasks of the swarm and what trial boots make.

    The managers keep five ended tasks of each slot (``docker info``: Task History Retention Limit), with their logs, and remove older ones.
    """
    before = time.time() - _DAY_S
    for raw in engine.api.containers(all=True, filters={"status": list(_ENDED)}):
        labels = raw.get("Labels") or {}
        if TASK not in labels and TRIAL_BOOT not in labels and int(raw["Created"]) < before:
            name = str((raw.get("Names") or [""])[0]).removeprefix("/")
            yield StoppedContainer(id=str(raw["Id"]), name=name)


def remove_stopped(engine: Swarm, containers: Iterable[StoppedContainer]) -> int:
    """Removes them, never their volumes, and says how many. One that somebody has started or removed in between is left."""
    return sum(
        removed(engine.api.remove_container, each.id, called=f"container {each}") for each in containers
    )
