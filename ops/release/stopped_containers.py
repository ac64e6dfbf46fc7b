"""Containers that ended on a node and that nobody removes: those of people and of programs that were killed. Swarm clears its own."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import docker.errors

from ops.boot.throwaway import LABEL as TRIAL_BOOT
from ops.release.removal import removed
from ops.swarm.containers import TASK
from ops.swarm.engine import Swarm
from ops.swarm.moment import seconds_since_1970

_DAY = "a day ago"
_DAY_S = 86_400

_NEVER_STARTED = "created"
_ENDED = ("exited", "dead", _NEVER_STARTED)


@dataclass(frozen=True, kw_only=True)
class StoppedContainer:
    """One container that no longer runs.

    Args:
        started: whether it ever ran.
    """

    id: str
    name: str
    started: bool

    def __str__(self) -> str:
        return self.name or self.id[:12]

    @property
    def since(self) -> str:
        """What it did last, and how long ago."""
        return f"ended more than {_DAY}" if self.started else f"was made more than {_DAY} and never started"


def stopped_containers(engine: Swarm) -> Iterator[StoppedContainer]:
    """Those that ended more than a day ago or were made then and never started, without the tasks of the swarm and what trial boots make.

    The managers keep five ended tasks of each slot (``docker info``: Task History Retention Limit), with their logs, and remove older ones.
    One that does not say when it ended is left.
    """
    before = time.time() - _DAY_S
    for raw in engine.api.containers(all=True, filters={"status": list(_ENDED)}):
        labels = raw.get("Labels") or {}
        if TASK in labels or TRIAL_BOOT in labels or int(raw["Created"]) >= before:
            continue
        id_, started = str(raw["Id"]), raw["State"] != _NEVER_STARTED
        if not started or 0 < _finished_at(engine, id_) < before:
            name = str((raw.get("Names") or [""])[0]).removeprefix("/")
            yield StoppedContainer(id=id_, name=name, started=started)


def _finished_at(engine: Swarm, id_: str) -> float:
    """In seconds since 1970; 0 for one that is gone by now. A list of containers does not have it."""
    try:
        return seconds_since_1970(str(engine.api.inspect_container(id_)["State"]["FinishedAt"]))
    except docker.errors.APIError as error:
        if error.status_code != 404:
            raise
        return 0.0


def remove_stopped(engine: Swarm, containers: Iterable[StoppedContainer]) -> int:
    """Removes them, never their volumes, and says how many. One that somebody has started or removed in between is left."""
    return sum(
        removed(engine.api.remove_container, each.id, called=f"container {each}") for each in containers
    )
