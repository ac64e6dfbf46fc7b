"""Which pools of nodes fulfil the constraints of a service."""

from __future__ import annotations

from collections.abc import Iterable

from layers.settings.nodes import NodePool
from ops.model.constraint import DescribedNode, all_met


def fulfils(pool: NodePool, constraints: Iterable[str]) -> bool:
    """Whether the nodes of a pool are known to fulfil all of these."""
    return all_met(constraints, described(pool)) is True


def described(pool: NodePool) -> DescribedNode:
    """What is known of all nodes of a pool; not their names and ids, nor what they say of themselves."""
    return DescribedNode(role=pool.role, labels=pool.labels, os="linux")
