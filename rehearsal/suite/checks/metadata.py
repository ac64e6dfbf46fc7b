"""Containers and users cannot reach the metadata service, which serves the user data with its keys."""

from __future__ import annotations

from ops.swarm.containers import Finished, Tasks
from ops.waiting import wait_until
from rehearsal.suite.check import Check
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

URL = "http://169.254.169.254/metadata/v1/user-data"
ANSWERS_WITHIN_S = 30.0
_TRY = f"""
import sys, urllib.request
try:
    print(len(urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open("{URL}", timeout=4).read()))
except OSError as error:
    print("refused", error)
"""


def refused(world: World) -> str:
    """Checks that it answers root on the node (so that the check can succeed), and no container or other user."""
    asked = 0
    wrong = []
    for node in world.nodes:
        root = world.box.exec(node.name, "python3", "-c", _TRY)
        if "refused" in root.stdout or not root.stdout.strip():
            wrong.append(
                f"{node.name}: root is refused, too, so the check shows nothing ({root.stdout.strip()})"
            )
        user = world.box.exec(node.name, "setpriv", "--reuid=65534", "--clear-groups", "python3", "-c", _TRY)
        if "refused" not in user.stdout:
            wrong.append(f"{node.name}: a user reads the user data")
    with world.tasks() as tasks:
        for service in world.services.wanted.of_type("docker_service"):
            container = tasks.container(str(service.values["name"]))
            if container is None:
                continue
            done = _asked(tasks, container)
            if done.code:
                continue
            asked += 1
            if not done.output.strip():
                wrong.append(f"{service.values['name']}: its container gave no answer")
            elif "refused" not in done.output:
                wrong.append(f"{service.values['name']} reads the user data from its container")
    if wrong:
        raise CheckFailed("; ".join(wrong))
    if not asked:
        raise CheckFailed("no container could be asked")
    return f"{asked} containers and a user on each node are refused"


def _asked(tasks: Tasks, container: str) -> Finished:
    """What a container is answered. Engine 20.10 loses a command's output now and then; nothing printed is no answer."""
    command = f"command -v python3 >/dev/null && python3 -c '{_TRY}'"
    return wait_until(
        lambda: tasks.run(container, "/bin/sh", "-c", command),
        ANSWERS_WITHIN_S,
        done=lambda done: bool(done.code or done.output.strip()),
    )


METADATA = Check(name="metadata", what="no container reads the node's user data", run=refused)
