"""Which volumes a plan detaches from a droplet that it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.model.changes import DROPLET, Action, ResourceChange, changes_of
from ops.model.state import resources_of

VOLUME = "digitalocean_volume"


@dataclass(frozen=True, kw_only=True)
class Detachment:
    """One volume that a droplet has and would not have any more.

    Attributes:
        address: of the droplet, in Terraform.
        droplet_id: at DigitalOcean.
        volume: its name there, such as ``prod-redis``; its id where the state does not know it.
    """

    address: str
    droplet: str
    droplet_id: str
    volume: str


def detachments(plan: Mapping[str, Any]) -> list[Detachment]:
    """All of them in a plan (``terraform show -json``), droplets that are destroyed or replaced left out.

    The provider detaches them while the droplet runs, in no defined order relative to the droplet that they are attached to next.
    """
    existing = resources_of(plan.get("prior_state"))
    known = {str(r["values"].get("id")): r for r in existing if r["type"] == VOLUME}
    found = []
    for change in changes_of(plan):
        if change.type != DROPLET or change.planned.action is not Action.CHANGE:
            continue
        before = change.before or {}
        for id_ in _gone(plan, change, known):
            name = str(known[id_]["values"].get("name")) if id_ in known else id_
            found.append(
                Detachment(
                    address=change.address,
                    droplet=str(before.get("name")),
                    droplet_id=str(before.get("id")),
                    volume=name,
                )
            )
    return found


def _gone(plan: Mapping[str, Any], change: ResourceChange, known: Mapping[str, Any]) -> Iterator[str]:
    had = [str(id_) for id_ in (change.before or {}).get("volume_ids") or []]
    unknown = change.unknown.get("volume_ids")
    if unknown is not True and True not in (unknown or []):
        will = {str(id_) for id_ in (change.after or {}).get("volume_ids") or []}
        yield from (id_ for id_ in had if id_ not in will)
        return
    # A volume that is yet to be made hides the whole set; which others stay is only in the configuration then.
    wanted = _references(plan, change.address)
    yield from (id_ for id_ in had if id_ not in known or str(known[id_]["address"]) not in wanted)


def _references(plan: Mapping[str, Any], address: str) -> set[str]:
    module = (plan.get("configuration") or {}).get("root_module") or {}
    for resource in module.get("resources", []):
        if resource["address"] == address.partition("[")[0]:
            expressions = resource.get("expressions") or {}
            return set((expressions.get("volume_ids") or {}).get("references") or [])
    return set()
