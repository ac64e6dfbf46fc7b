"""Numbers of tasks, changed beside Terraform for a while: the next deploy sets them as declared."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from ops.errors import OpsError
from ops.swarm.engine import Swarm
from ops.swarm.updating import update_current
from ops.waiting import wait_until

_ALIVE = ("new", "pending", "assigned", "accepted", "preparing", "ready", "starting", "running")


def scale(swarm: Swarm, replicas: Mapping[str, int]) -> None:
    """Sets how many tasks each service has; leaves out those that the swarm does not have.

    Repeats an update if the service was changed in between.
    """
    ids = {
        service.name: service.id
        for service in swarm.services()
        if service.replicas != replicas.get(service.name)
    }
    for name, count in replicas.items():
        if name in ids:
            _scale_one(swarm, ids[name], name, count)


def _scale_one(swarm: Swarm, id_: str, name: str, count: int) -> None:
    mode = {"Replicated": {"Replicas": count}}

    def update(raw: Mapping[str, Any]) -> None:
        swarm.api.update_service(
            id_, version=raw["Version"]["Index"], name=name, mode=mode, fetch_current_spec=True
        )

    update_current(f"service {name}", partial(swarm.api.inspect_service, id_), update)


def wait_until_stopped(swarm: Swarm, names: Collection[str], *, timeout_s: float) -> None:
    """Waits until services have no task that could still write.

    Raises:
        OpsError: one still has; names it.
    """

    def alive() -> list[str]:
        by_id = {service.id: service.name for service in swarm.services() if service.name in names}
        return sorted(
            {
                by_id[task.service_id]
                for task in swarm.tasks()
                if task.service_id in by_id and task.state in _ALIVE
            }
        )

    left = wait_until(alive, timeout_s, done=lambda found: not found, interval_s=1)
    if left:
        raise OpsError(
            f"tasks of {', '.join(left)} still run after {timeout_s:g} s",
            fix=f"docker service ps {left[0]} says on which node; one that does not answer keeps its tasks: "
            "docs/runbooks/replace-a-node.md",
        )
