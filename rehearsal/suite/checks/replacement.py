"""Replaces a droplet by name."""

from __future__ import annotations

import time

from ops.swarm.nodes import SwarmNodes
from rehearsal.suite.check import Check
from rehearsal.suite.health import wait_until_down, wait_until_healthy
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

NOTICED_S = 120.0


def replaced(world: World) -> str:
    """Replaces a node with volumes: they are attached to the new droplet, and no old entry is left in the swarm."""
    node = world.last_manager
    before, volumes = world.droplets()[node.name], _volumes(world, node.name)
    if not volumes:
        raise CheckFailed(f"{node.name} has no volume, so the check would show nothing")
    words = ["replace-node", "--env", world.environment, "--node", node.name, "--yes"]
    if len(world.managers) == 1:
        refused = world.begin(*words)
        world.end(refused, expect=(1,))
        if not any("only manager" in line for line in refused.heard):
            raise CheckFailed("the only manager would have been replaced without a second confirmation")
        words.append("--ends-swarm")
    started = time.monotonic()
    told = world.ops(*words)
    seconds = time.monotonic() - started
    if world.droplets()[node.name] == before:
        raise CheckFailed(f"{node.name} is still the same droplet")
    if _volumes(world, node.name) != volumes:
        raise CheckFailed(f"volumes of {node.name}: {_volumes(world, node.name)}, before {volumes}")
    wait_until_healthy(world, names=True)
    steps = [" ".join(line.split()) for line in told.splitlines() if line.split()[1:2] == ["s"]]
    return f"{node.name} in {seconds:.0f} s ({'; '.join(steps)}), {len(volumes)} volumes followed"


def hung(world: World) -> str:
    """Replaces a manager that hangs, so that swarm and ssh get no answer. A shutdown would wake it here."""
    node = world.last_manager
    before, volumes = world.droplets()[node.name], _volumes(world, node.name)
    world.say(f"{node.name} hangs")
    world.box.hang(node.name)
    with world.swarm() as swarm:
        wait_until_down(world, SwarmNodes(swarm), node, within_s=NOTICED_S)
    started = time.monotonic()
    world.ops("replace-node", "--env", world.environment, "--node", node.name, "--dead", "--yes")
    seconds = time.monotonic() - started
    if world.droplets()[node.name] == before or _volumes(world, node.name) != volumes:
        raise CheckFailed(f"{node.name} is still the same droplet, or its volumes are not all there")
    wait_until_healthy(world, names=True)
    return f"{node.name} in {seconds:.0f} s, {len(volumes)} volumes followed"


def _volumes(world: World, name: str) -> list[str]:
    return sorted(world.droplet(world.droplets()[name])["volume_ids"])


REPLACEMENT = Check(
    name="replacement",
    what="a droplet is replaced: volume attached, node back, old entry removed",
    run=replaced,
)

HUNG = Check(
    name="hung",
    what="a droplet that hangs is replaced with --dead: volume attached, old entry removed",
    run=hung,
    applies=lambda world: "" if len(world.managers) > 2 else "this rehearsal has one manager",
)
