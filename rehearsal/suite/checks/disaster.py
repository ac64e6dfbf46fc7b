"""All droplets are destroyed outside Terraform; the two deploy commands restore everything."""

from __future__ import annotations

import time

from rehearsal.suite.check import Check
from rehearsal.suite.health import wait_until_healthy
from rehearsal.suite.world import World


def destroy_all(world: World) -> int:
    """Deletes every droplet, as in the control panel."""
    droplets = world.droplets()
    for name, id_ in droplets.items():
        world.say(f"deleting droplet {name} in the API")
        world.api("DELETE", f"/v2/droplets/{id_}")
    world.until(60, lambda: not world.droplets(), "the droplets are gone")
    return len(droplets)


def disaster(world: World) -> str:
    """Deletes all nodes, and deploys twice: cloud, services."""
    started = time.monotonic()
    count = destroy_all(world)
    world.ops("deploy", "--env", world.environment, "--only", "cloud", "--yes")
    stood = time.monotonic() - started
    world.ops("deploy", "--env", world.environment, "--only", "services", "--yes", "--stable", "5")
    wait_until_healthy(world)
    return f"{count} droplets lost; cloud restored after {stood:.0f} s, all services and data after {time.monotonic() - started:.0f} s"


DISASTER = Check(
    name="disaster",
    what="all droplets lost: the same two deploys restore the platform and its data",
    run=disaster,
)
