"""Connections to the engines of all nodes: only a task's own node can run commands in its container."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ops.errors import OpsError
from ops.nodes.inventory import nodes_of, ssh_to
from ops.swarm.engine import Swarm, connected
from ops.terraform.target import Target


@contextmanager
def engines(target: Target, *, silent: dict[str, str] | None = None) -> Iterator[list[Swarm]]:
    """Connects to every node's engine, the manager's first. Nodes that do not answer are left out.

    Args:
        silent: gets the names of those that are left out, each with the reason.

    Raises:
        OpsError: the manager does not answer.
    """
    with ExitStack() as stack:
        manager = stack.enter_context(target.swarm())
        found = [manager]
        name = manager.node_name
        for node in nodes_of(target.settings):
            if node.name == name:
                continue
            ssh = ssh_to(target, node)
            try:
                found.append(stack.enter_context(connected(f"ssh://{ssh.destination}", ssh.options)))
            except OpsError as error:
                if silent is not None:
                    silent[node.name] = error.problem
        yield found
