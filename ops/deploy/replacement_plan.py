"""What a plan that rebuilds one droplet may change: that droplet, and what says where it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ops.errors import Obstacle
from ops.model.changes import DROPLET, ResourceChange, changes_of
from ops.model.inventory import Inventory
from ops.model.state import resources_of
from ops.terraform.target import Target

_FOLLOWS: Mapping[str, frozenset[str]] = {
    "digitalocean_record": frozenset({"value"}),
    "digitalocean_reserved_ip_assignment": frozenset({"droplet_id"}),
    "digitalocean_project_resources": frozenset({"resources"}),
}
"""What follows a recreated droplet, and the settings of it that do."""


def address_of(wanted: Inventory, name: str) -> str:
    """Terraform address of a droplet that the stack declares."""
    return next(each.address for each in wanted.of_type(DROPLET) if each.values.get("name") == name)


def droplet_id(state: Mapping[str, Any], address: str) -> str:
    """Its id, or nothing when the state does not know the droplet."""
    return next((str(r["values"]["id"]) for r in resources_of(state) if r["address"] == address), "")


def other_changes(plan: Mapping[str, Any], address: str, cloud: Target) -> Iterator[Obstacle]:
    """Everything else that the plan would change: edits of the environment's file that nobody has deployed."""
    others = [
        f"{'/'.join(change.actions)} {change.address}"
        for change in changes_of(plan)
        if change.address != address and not _follows(change, address, cloud)
    ]
    if others:
        yield Obstacle(
            what="the plan would change more than this droplet: " + ", ".join(sorted(others)),
            fix=f"review and deploy these changes first (make plan ENV={cloud.name}; python -m ops deploy --env {cloud.name} "
            "--only cloud), or undo the edit; then replace the node",
        )


def _follows(change: ResourceChange, address: str, cloud: Target) -> bool:
    may = _FOLLOWS.get(change.type)
    resource = cloud.wanted.resources.get(change.address)
    if may is None or resource is None:
        return False
    if f"${{{address}." not in json.dumps(dict(resource.values)):
        return False
    return _changed(change) <= may | {"id", "fqdn"}


def _changed(change: ResourceChange) -> set[str]:
    """Settings that differ; all that are set, when it is created and not only changed."""
    before, after = change.before, change.after or {}
    if before is None:
        # It was lost with the droplet before it: the whole of it follows.
        return set()
    marks = change.unknown.items()
    unknown = {name for name, mark in marks if mark is True or (isinstance(mark, list) and True in mark)}
    return {name for name in {*before, *after} if before.get(name) != after.get(name)} | unknown
