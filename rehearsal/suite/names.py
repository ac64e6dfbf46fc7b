"""Whether every task resolves the servers that its service connects to."""

from __future__ import annotations

import shlex

from ops.docs.overview import overview
from rehearsal.suite.world import World


def unresolved(world: World) -> list[str]:
    """Client and server of each name that does not resolve; tasks without ``getent`` are skipped."""
    found = overview(world.services.wanted)
    lost: list[str] = []
    with world.tasks() as tasks:
        for client in sorted({client for client, _ in found.edges}):
            container = tasks.container(client)
            servers = found.servers_of(client)
            if container is None or not servers:
                continue
            script = "command -v getent >/dev/null || exit 0; " + "; ".join(
                f"getent hosts {shlex.quote(name)} >/dev/null || echo {shlex.quote(name)}" for name in servers
            )
            done = tasks.run(container, "/bin/sh", "-c", script)
            if done.code == 0:
                lost += [f"{client} -> {name}" for name in done.output.split()]
    return lost
