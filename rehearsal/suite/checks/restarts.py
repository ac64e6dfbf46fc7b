"""Restarts engines and nodes, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from rehearsal.suite.check import Check
from rehearsal.suite.health import wait_until_healthy
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

LEAVE = """
set -eu
ids=$(docker ps --quiet | head -n 1 | xargs docker inspect --format '{{range .NetworkSettings.Networks}}{{.NetworkID}} {{end}}')
numbers=$(docker network inspect --format '{{index .Options "com.docker.network.driver.overlay.vxlanid_list"}}' $ids | grep -E '^[0-9]+$')
systemctl stop docker.socket docker
number=$(echo "$numbers" | head -n 1)
ip link add vx-left type vxlan id "$number" dstport 4789 nolearning proxy l2miss l3miss
systemctl start docker.socket docker
ip link show vx-left 2>/dev/null && exit 3
echo "$number"
"""
"""What an engine that is killed while it makes an overlay network leaves on the node: a device with that network's number."""


def engines(world: World) -> str:
    """Restarts each engine. Each finds a device that the one before left of a network that tasks of this node use."""
    return _one_by_one(world, "restarting the engine of", lambda name: _restart_after_leftover(world, name))


def _restart_after_leftover(world: World, node: str) -> None:
    done = world.box.exec(node, "sh", "-c", LEAVE, timeout=120)
    if done.returncode:
        why = "it is still there" if done.returncode == 3 else done.stderr.strip()
        raise CheckFailed(f"{node}: the device of an overlay network that an engine left: {why}")


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
