"""Whether every task resolves the servers that its service connects to."""

from __future__ import annotations

import shlex

from ops.model.services import services_of
from rehearsal.suite.world import World


def unresolved(world: World) -> list[str]:
    """Client and server of each name that does not resolve; tasks without ``getent`` are skipped."""
    lost: list[str] = []
    with world.tasks() as tasks:
        for client in services_of(world.services.wanted):
            container = tasks.container(client.name) if client.servers else None
            if container is None:
                continue
            script = "command -v getent >/dev/null || exit 0; " + "; ".join(
                f"getent hosts {shlex.quote(name)} >/dev/null || echo {shlex.quote(name)}"
                for name in client.servers
            )
            done = tasks.run(container, "/bin/sh", "-c", script)
            if done.code == 0:
                lost += [f"{client.name} -> {name}" for name in done.output.split()]
    return lost
