"""What a service that fails may have missed: servers that it connects to and that have no running task."""

from __future__ import annotations

from collections.abc import Collection

from ops.errors import OpsError
from ops.model.services import services_of
from ops.terraform.target import Target


def missing_servers(target: Target, names: Collection[str]) -> dict[str, str]:
    """A sentence for each of these services that misses a server.

    Empty where the engine cannot be asked: this explains a failure, and must not be another one.
    """
    try:
        with target.swarm() as swarm:
            tasks = {task.service_id for task in swarm.tasks() if task.runs}
            running = {service.name for service in swarm.services() if service.id in tasks}
    except OpsError:
        return {}
    found = {
        service.name: [server for server in service.servers if server not in running]
        for service in services_of(target.wanted)
        if service.name in names
    }
    return {
        name: f"it connects to {', '.join(servers)}, of which no task runs"
        for name, servers in found.items()
        if servers
    }
