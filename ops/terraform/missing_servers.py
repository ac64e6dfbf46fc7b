"""What a service that fails may have missed: servers that it connects to and that have no running task."""

from __future__ import annotations

from collections.abc import Collection

from ops.errors import OpsError
from ops.model.services import services_of
from ops.swarm.tasks import running_tasks
from ops.terraform.target import Target


def missing_servers(target: Target, names: Collection[str]) -> dict[str, str]:
    """A sentence for each of these services that misses a server.

    Empty where the engine cannot be asked: this explains a failure, and must not be another one.
    """
    failed = [service for service in services_of(target.wanted) if service.name in names]
    servers = {server for service in failed for server in service.servers}
    try:
        with target.swarm() as swarm:
            running = running_tasks(swarm, servers)
    except OpsError:
        return {}
    found = {
        service.name: [server for server in service.servers if not running[server]] for service in failed
    }
    return {
        name: f"it connects to {', '.join(servers)}, of which no task runs"
        for name, servers in found.items()
        if servers
    }
