"""What rules look at: a stack before and after, and the changes between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ops.model.changes import Action, PlannedChange, ResourceChange, changes_of
from ops.model.detachments import Detachment, detachments
from ops.model.inventory import Inventory, Resource, Values, from_state
from ops.model.offline_plan import changes_between
from ops.model.service import Service
from ops.model.services import services_of


@dataclass(frozen=True, kw_only=True)
class StackChange:
    """One stack, as it is and as it would be.

    Args:
        changes: those of its resources; what an interrupted apply left of a replaced one is not among them.
        detached: volumes that a droplet which stays would lose; only Terraform's own plan says so.
        budget: US dollars a month that the environment may cost; none is no bound.
    """

    changes: Sequence[ResourceChange]
    before: Inventory
    after: Inventory
    detached: Sequence[Detachment] = ()
    budget: float | None = None

    def of_type(self, *types: str) -> Iterator[ResourceChange]:
        """Changes of resources of these types; one that ends in ``_`` stands for all that begin with it."""
        for change in self.changes:
            if any(
                change.type == each or (each[-1] == "_" and change.type.startswith(each)) for each in types
            ):
                yield change

    def gone(self, *types: str) -> Iterator[ResourceChange]:
        """Resources of these types that are destroyed or replaced."""
        for change in self.of_type(*types):
            if change.planned.action in (Action.DESTROY, Action.REPLACE):
                yield change

    def changed(self, *types: str) -> Iterator[tuple[ResourceChange, Values, Values]]:
        """Resources of these types that change in place, with their values before and after."""
        for change in self.of_type(*types):
            if change.planned.action is Action.CHANGE:
                yield change, change.before or {}, change.after or {}

    @cached_property
    def services(self) -> tuple[Mapping[str, Service], Mapping[str, Service]]:
        """Services by address, before and after."""
        before, after = ({s.address: s for s in services_of(each)} for each in (self.before, self.after))
        return before, after

    @property
    def is_switched_off(self) -> bool:
        """Whether it has no service afterwards, as with ``make down``."""
        return not self.services[1]


def of_plan(plan: Mapping[str, Any]) -> StackChange:
    """From a plan's JSON (``terraform show -json``)."""
    changes = [change for change in changes_of(plan) if not change.deposed]
    return StackChange(
        changes=changes,
        before=_completed(
            from_state(plan.get("prior_state"), {}), {each.address: each.before for each in changes}
        ),
        after=_completed(
            from_state({"values": plan.get("planned_values")}, {}),
            {each.address: each.after for each in changes},
        ),
        detached=detachments(plan),
    )


def between(before: Inventory, after: Inventory, planned: Mapping[str, PlannedChange]) -> StackChange:
    """From two inventories, where Terraform was not asked."""
    return StackChange(changes=changes_between(before, after, planned), before=before, after=after)


def _completed(inventory: Inventory, known: Mapping[str, Values | None]) -> Inventory:
    """With the values of the changes themselves, which are there whatever else a plan says."""
    more = {
        address: Resource(address=address, path=address, values=values)
        for address, values in known.items()
        if values is not None and address not in inventory.resources
    }
    return Inventory(resources={**inventory.resources, **more}, access=inventory.access)


def name_of(change: ResourceChange) -> str:
    """What people call a resource: its own name, or its address where it has none."""
    before, after = change.before or {}, change.after or {}
    names = (values.get(key) for values in (before, after) for key in ("name", "ip_address"))
    return str(next(filter(None, names), change.address))
