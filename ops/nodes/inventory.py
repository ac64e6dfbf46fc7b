"""The nodes of an environment as its file declares them, and the ssh route to each; known before anything exists."""

from __future__ import annotations

from typing import Literal

from layers.cloud.nodes import ClusterNode, nodes_of
from layers.settings.environment import Environment
from ops.errors import WrongUse
from ops.ssh import Ssh
from ops.terraform.target import Target

__all__ = ["ClusterNode", "host_name_of", "node_named", "nodes_of", "ssh_to"]


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
    user = target.manager.destination.partition("@")[0]
    pinned = f"HostKeyAlias={host_name_of(target.settings, node.role)}"
    return target.manager.behind(f"{user}@{node.dns_name}", (*target.ssh_options, "-o", pinned))
