"""How a deploy ended, as a point that the alert on failed deploys reads."""

from __future__ import annotations

from layers.data.telegraf import DEPLOY_PATH, DEPLOY_PORT
from ops.errors import OpsError
from ops.swarm.containers import Tasks
from ops.terminal import screen
from ops.terraform.target import Target

COLLECTOR = "telegraf"


def tell(target: Target, *, failed: bool) -> None:
    """Writes it by a task of the collector. Where none runs, nobody is told but the person at this terminal: no deploy ends by that."""
    line = f"deploy failed={int(failed)}i"
    url = f"http://127.0.0.1:{DEPLOY_PORT}{DEPLOY_PATH}"
    try:
        with target.swarm() as swarm:
            tasks = Tasks(swarm)
            container = tasks.container(COLLECTOR)
            if container is None:
                return
            done = tasks.run(container, "wget", "-q", "-T", "10", "-O", "-", "--post-data", line, url)
    except OpsError:
        return
    if done.code != 0:
        known = "does not know of this one" if failed else "is not told that this one ended well, so it stays"
        screen.warn(f"warning: the alert on failed deploys {known}: its collector does not take the point")
