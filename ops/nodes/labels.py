"""The labels that managers have on nodes, which services are placed by: held against the environment's file, and set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ops.errors import OpsError
from ops.nodes.inventory import ClusterNode
from ops.ssh import Ssh
from ops.swarm.nodes import SwarmNode, SwarmNodes
from ops.terminal import screen
from ops.terraform.target import Target


@dataclass(frozen=True, kw_only=True)
class NodeLabels:
    """How the labels of one node are.

    Args:
        entries: of the node in the managers' list, in which the labels are to be.
        unknown: why they can be neither judged nor set yet, one sentence each.
    """

    node: ClusterNode
    entries: tuple[SwarmNode, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def differences(self) -> tuple[str, ...]:
        """A sentence for each label that is not as declared; setting the declared ones corrects them."""
        return tuple(line for entry in self.entries for line in _differences(entry, self.node.labels))


def labels_of(target: Target, nodes: Sequence[ClusterNode]) -> dict[str, NodeLabels]:
    """The labels of nodes, by their names. Never raises: what cannot be asked is unknown."""
    try:
        with target.swarm() as swarm:
            known = SwarmNodes(swarm).all()
    except OpsError as error:
        reason = f"its labels are not known: {error.problem}"
        return {node.name: NodeLabels(node=node, unknown=(reason,)) for node in nodes}
    return {node.name: _of(node, known, target.manager) for node in nodes}


def set_labels(target: Target, found: Iterable[NodeLabels]) -> None:
    """Has the managers set exactly the declared labels on nodes that have others.

    Raises:
        OpsError: the managers do not answer, or other commands change the same nodes at the same time.
    """
    wrong = [each for each in found if each.differences]
    if not wrong:
        return
    with target.swarm() as swarm:
        for each in wrong:
            for entry in each.entries:
                SwarmNodes(swarm).label(entry.id, each.node.labels)
            labels = " ".join(f"{key}={value}" for key, value in sorted(each.node.labels.items()))
            screen.err.print(
                f"{each.node.name}: the managers set its labels: {labels or 'none'}", markup=False
            )


def _of(node: ClusterNode, known: Iterable[SwarmNode], manager: Ssh) -> NodeLabels:
    """A node's host name is what it says of itself. The role is not: a worker's key gives no manager's token. So among workers
    the address has to be the one that DNS has for the name."""
    entries = [each for each in known if each.is_up and each.name == node.name and each.role == node.role]
    if node.role == "worker" and node.labels:
        addresses = _addresses(node, manager)
        for stranger in (each for each in entries if each.address not in addresses):
            reason = f"connects from {stranger.address or 'nowhere'}, and {node.dns_name} is {' '.join(addresses) or 'unknown'}"
            return NodeLabels(node=node, unknown=(reason,))
    if node.labels and not entries:
        return NodeLabels(node=node, unknown=(f"the managers have no {node.role} of that name that is up",))
    return NodeLabels(node=node, entries=tuple(entries))


def _addresses(node: ClusterNode, manager: Ssh) -> list[str]:
    """Where DNS has a node, as a manager sees it; an address has a line for each kind of socket."""
    done = manager.run("getent", "ahostsv4", node.dns_name)
    return list(dict.fromkeys(line.split()[0] for line in done.output.splitlines() if line.strip()))


def _differences(entry: SwarmNode, wanted: Mapping[str, str]) -> Iterator[str]:
    has = dict(entry.labels)
    for key in sorted({*has, *wanted}):
        if has.get(key) != wanted.get(key):
            is_, should = (f"{key}={side[key]}" if key in side else "" for side in (has, wanted))
            if should:
                yield f"lacks the label {should}" + (f"; it has {is_}" if is_ else "")
            else:
                yield f"has the label {is_}, which is not declared"
