"""The nodes of an environment as its file declares them, and the way to each: known before anything exists."""

from __future__ import annotations

from layers.cloud.nodes import ClusterNode, nodes_of
from layers.settings.environment import Environment
from ops.errors import WrongUse
from ops.ssh import Ssh
from ops.target import Target

__all__ = ["ClusterNode", "node_named", "nodes_of", "ssh_to"]


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


def ssh_to(target: Target, node: ClusterNode) -> Ssh:
    """A way to a node: over the manager that people reach, since the others have no public ssh.

    All managers share the pinned host key. A worker makes its own at its first boot; it is not checked on this last
    stretch, which runs inside the VPC behind a host that is, and carries public keys and the node's own report only.
    """
    user = target.manager.destination.partition("@")[0]
    if node.role == "manager":
        pinned = f"HostKeyAlias={target.settings.engine.host.rpartition('@')[2]}"
        options = (*target.ssh_options, "-o", pinned)
    else:
        options = (
            *_without_pinning(target.ssh_options),
            "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null",
            "-o", "LogLevel=ERROR",
        )  # fmt: skip
    return target.manager.behind(f"{user}@{node.dns_name}", options)


def _without_pinning(options: tuple[str, ...]) -> tuple[str, ...]:
    """ssh takes the first value that it sees, so the pinned ones must go."""
    kept: list[str] = []
    words = iter(options)
    for word in words:
        if word == "-o":
            setting = next(words, "")
            if not setting.lower().startswith(
                ("stricthostkeychecking", "userknownhostsfile", "globalknownhostsfile", "hostkeyalgorithms")
            ):
                kept += [word, setting]
        else:
            kept.append(word)
    return tuple(kept)
