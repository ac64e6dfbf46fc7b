"""People and jobs that get in on the nodes, as a stack records them."""

from __future__ import annotations

from ops.model.inventory import Resource, one
from ops.model.store_versions import RECORD


def is_operator(resource: Resource) -> bool:
    """Whether the resource stands for somebody's key."""
    return resource.type == RECORD and "operator" in one(resource.values.get("input"))
