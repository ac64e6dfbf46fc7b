"""Which pools of nodes fulfil the constraints of a service."""

from __future__ import annotations

from collections.abc import Iterable

from layers.settings.nodes import NodePool

_LABEL = "node.labels."


def fulfils(pool: NodePool, constraints: Iterable[str]) -> bool:
    """Whether the nodes of a pool fulfil all of these. A constraint that is not understood is fulfilled by none."""
    return all(_fulfils(pool, constraint) for constraint in constraints)


def _fulfils(pool: NodePool, constraint: str) -> bool:
    name, _, value = constraint.partition("==")
    if name == "node.role":
        return pool.role == value
    return name.startswith(_LABEL) and pool.labels.get(name.removeprefix(_LABEL)) == value
