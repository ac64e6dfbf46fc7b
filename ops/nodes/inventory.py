"""The nodes of an environment as its file declares them, and the ssh route to each; known before anything exists."""

from __future__ import annotations

import shlex
from typing import Literal

from layers.cloud.nodes import ClusterNode, nodes_of
from layers.settings.environment import Environment
from ops.errors import WrongUse
from ops.ssh import Ssh
from ops.terraform.target import Target

__all__ = [
    "ClusterNode",
    "host_name_of",
    "node_named",
    "nodes_of",
    "ssh_to",
    "typed_on_manager",
    "typed_on_node",
]


def node_named(settings: Environment, name: str) -> ClusterNode:
    """The node of that name.

    Raises:
        WrongUse: there is none.
    """
    nodes = nodes_of(settings)
    for node in nodes:
        if node.name == name:
            return node
    raise WrongUse(
        f"{settings.name} has no node {name!r}", fix=f"there are: {', '.join(each.name for each in nodes)}"
    )


def host_name_of(settings: Environment, role: Literal["manager", "worker"]) -> str:
    """The name of a role's host key in known_hosts; only the managers' name is in DNS, too."""
    if role == "worker":
        return f"workers.{settings.domain}"
    return settings.engine.host.rpartition("@")[2]


def ssh_to(target: Target, node: ClusterNode) -> Ssh:
    """The ssh route to a node: through the manager that `swarm.<domain>` leads to, since the names of nodes lead to private addresses.

    The nodes of a role share a pinned host key, so the last hop is verified like the first.
    """
    return _behind(target.manager, target.settings, node)


def typed_on_manager(settings: Environment, *command: str) -> str:
    """A command on the host that the engine is reached at, as somebody types it in the repository's folder."""
    if settings.engine.is_here:
        return shlex.join(command)
    return Ssh.to(settings.engine.host, settings.pinned_host_key(".")).typed(*command)


def typed_on_node(settings: Environment, node: ClusterNode, *command: str) -> str:
    """The same on a node, by the route of :func:`ssh_to`."""
    manager = Ssh.to(settings.engine.host, settings.pinned_host_key("."))
    return _behind(manager, settings, node).typed(*command)


def _behind(manager: Ssh, settings: Environment, node: ClusterNode) -> Ssh:
    user = manager.destination.partition("@")[0]
    pinned = f"HostKeyAlias={host_name_of(settings, node.role)}"
    return manager.behind(f"{user}@{node.dns_name}", (*manager.options, "-o", pinned))
