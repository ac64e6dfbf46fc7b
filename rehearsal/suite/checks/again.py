"""A second deploy without changes."""

from __future__ import annotations

from rehearsal.suite.check import Check
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World


def again(world: World) -> str:
    """Deploys again: no change in either stack, no task restarted."""
    with world.swarm() as swarm:
        before = {task.id for task in swarm.tasks() if task.runs}
    running = world.begin("deploy", "--env", world.environment, "--yes", "--stable", "2")
    world.end(running)
    told = [line for line in running.heard if "nothing to change" in line]
    if len(told) != 2:
        raise CheckFailed(f"expected no change in either stack, but: {told}")
    with world.swarm() as swarm:
        gone = before - {task.id for task in swarm.tasks() if task.runs}
    if gone:
        raise CheckFailed(f"{len(gone)} tasks were restarted")
    return "nothing to change, no task restarted"


AGAIN = Check(name="again", what="a second deploy changes nothing", run=again)
