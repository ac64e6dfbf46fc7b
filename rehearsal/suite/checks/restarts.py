"""Restarts engines and nodes, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from rehearsal.suite.check import Check
from rehearsal.suite.health import wait_until_healthy
from rehearsal.suite.world import World


def engines(world: World) -> str:
    """Restarts each engine."""
    return _one_by_one(world, "restarting the engine of", world.box.restart_engine)


def reboots(world: World) -> str:
    """Reboots each node."""
    return _one_by_one(world, "rebooting", world.box.reboot)


def _one_by_one(world: World, doing: str, disturb: Callable[[str], None]) -> str:
    """Waits until the platform is healthy before the next; checks name resolution of tasks after the last."""
    times = []
    for node in world.nodes:
        world.say(f"{doing} {node.name}")
        started = time.monotonic()
        disturb(node.name)
        wait_until_healthy(world, names=node is world.nodes[-1])
        times.append(f"{node.name} {time.monotonic() - started:.0f} s")
    return ", ".join(times)


ENGINES = Check(
    name="engines", what="restart of each engine: all back, data there, names resolved", run=engines
)
REBOOTS = Check(name="reboots", what="reboot of each node: all back, data there, names resolved", run=reboots)
