"""One node becomes three, by an edit of the environment's file and docs/runbooks/move-a-store.md."""

from __future__ import annotations

import time

from layers.cloud.nodes import ClusterNode
from layers.loading import read_environment
from layers.settings.environment import Environment
from rehearsal.suite.check import Check
from rehearsal.suite.cold_start import empty_plans
from rehearsal.suite.editing import edit
from rehearsal.suite.health import wait_until_healthy, wait_until_nodes_ready
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

FROM, TO = "rehearsal", "rehearsal-3"


def grown(world: World) -> str:
    """Follows the runbook step by step; the data moves with the volumes."""
    old = world.managers[0]
    edit(world, read_environment(TO))
    stores = _moving(world.services.settings)
    refused = world.begin("deploy", "--env", world.environment, "--only", "cloud", "--yes")
    world.end(refused, expect=(1,))
    told = " ".join(refused.heard)
    if "is not applied; nothing was changed" not in told or "move-a-store.md" not in told:
        raise CheckFailed(f"not refused for the volumes: {' | '.join(refused.heard[-4:])}")
    started = time.monotonic()
    _move(world, old, stores)
    world.ops("deploy", "--env", world.environment, "--only", "services", "--yes", "--stable", "5")
    wait_until_healthy(world, names=True)
    seconds = time.monotonic() - started
    empty_plans(world)
    return f"{len(world.nodes)} managers after {seconds:.0f} s, {', '.join(stores)} moved, both plans empty"


def _move(world: World, old: ClusterNode, stores: list[str]) -> None:
    """Steps 3 to 6: power off, detach volumes, apply the rest, power on. The next deploy removes the moved stores from its settings."""
    droplet = world.droplets()[old.name]
    world.ops("down", "--env", world.environment, "--yes")
    world.say(f"shutting {old.name} down")
    world.api("POST", f"/v2/droplets/{droplet}/actions", {"type": "shutdown"})
    world.until(120, lambda: world.droplet(droplet)["status"] == "off", f"{old.name} is off")
    moves = [word for store in stores for word in ("--moves", store)]
    world.ops("deploy", "--env", world.environment, "--only", "cloud", "--yes", *moves)
    world.say(f"powering {old.name} on again")
    world.api("POST", f"/v2/droplets/{droplet}/actions", {"type": "power_on"})
    world.until(120, lambda: world.droplet(droplet)["status"] == "active", f"{old.name} is on")
    wait_until_nodes_ready(world, [node for node in world.nodes if node.name != old.name])


def _moving(settings: Environment) -> list[str]:
    """Stores whose volume belongs to another node."""
    volumes = settings.cloud.volumes if settings.cloud else {}
    return sorted(store for store in volumes if settings.stores.label_of(store) != settings.stores.label)


GROWTH = Check(
    name="growth",
    what="one node becomes three by an edit: its stores move with their data",
    run=grown,
    applies=lambda world: "" if world.environment == FROM else f"only {FROM} becomes {TO}",
)
