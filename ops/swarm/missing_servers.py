"""What a service that fails may have missed: servers that it connects to and that have no running task."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ops.model.service import Service
from ops.swarm.engine import Swarm


def missing_servers(
    services: Iterable[Service], names: Collection[str], swarm: Swarm
) -> dict[str, list[str]]:
    """Servers without a running task, by the service that connects to them; without those that miss none.

    Args:
        services: as they are declared; a connection is one of them on the own network of another.
        names: ask only about these.
    """
    tasks = {task.service_id for task in swarm.tasks() if task.runs}
    running = {service.name for service in swarm.services() if service.id in tasks}
    found = {
        service.name: [server for server in service.servers if server not in running]
        for service in services
        if service.name in names
    }
    return {name: servers for name, servers in found.items() if servers}


def sentence(servers: Collection[str]) -> str:
    """For the end of a failure."""
    return f"it connects to {', '.join(servers)}, of which no task runs"
