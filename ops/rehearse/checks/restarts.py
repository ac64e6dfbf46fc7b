"""The engine and the node itself start anew, one node after the other."""

from __future__ import annotations

import time

from ops.rehearse.check import Check
from ops.rehearse.health import whole
from ops.rehearse.world import World


def engines(world: World) -> str:
    """Restarts each engine."""
    times = []
    for node in world.nodes:
        world.say(f"restarting the engine of {node.name}")
        started = time.monotonic()
        world.box.restart_engine(node.name)
        whole(world, names=node is world.nodes[-1])
        times.append(f"{node.name} {time.monotonic() - started:.0f} s")
    return ", ".join(times)


def reboots(world: World) -> str:
    """Reboots each node."""
    times = []
    for node in world.nodes:
        world.say(f"rebooting {node.name}")
        started = time.monotonic()
        world.box.reboot(node.name)
        whole(world, names=node is world.nodes[-1])
        times.append(f"{node.name} {time.monotonic() - started:.0f} s")
    return ", ".join(times)


ENGINES = Check(
    name="engines", what="restart of each engine: all back, data there, names resolved", run=engines
)
REBOOTS = Check(name="reboots", what="reboot of each node: all back, data there, names resolved", run=reboots)
