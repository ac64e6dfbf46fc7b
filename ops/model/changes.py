"""What Terraform plans for each resource, and what it found changed: the one reader of ``resource_changes`` and ``resource_drift``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ops.errors import OpsError
from ops.model.inventory import Values
from ops.model.redact import SECRET_ATTRIBUTES, redacted
from ops.model.services import setting_of
from ops.model.state import values_of

DROPLET = "digitalocean_droplet"


class Action(StrEnum):
    """What happens to a resource."""

    ADD = "add"
    CHANGE = "change"
    REPLACE = "replace"
    DESTROY = "destroy"


_ACTIONS: Mapping[tuple[str, ...], Action] = {
    ("create",): Action.ADD,
    ("update",): Action.CHANGE,
    ("delete",): Action.DESTROY,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
}


NEVER_CAME_UP = "it never became active"
"""Instead of a setting: the apply that made a droplet failed."""

NOT_FINISHED = "the apply that made it did not finish"
"""The same of a droplet that became active all the same."""

ACTIVE = "active"
"""The API's status of a droplet that runs, as the provider has read it for the plan."""


@dataclass(frozen=True, kw_only=True)
class PlannedChange:
    """An action, and the settings that force a replacement.

    Args:
        unfinished: a droplet that is replaced because the apply that made it failed.
    """

    action: Action
    because: tuple[str, ...] = ()
    unfinished: bool = False


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """A resource that a plan changes.

    Args:
        actions: Terraform's own words for what it does, in order.
        before: its values; none where it is created.
        after: what is known of its values; none where it is destroyed.
        unknown: which of its values only the apply will tell: ``True``, or such marks in the value's own shape.
        deposed: it is what an interrupted apply left of a resource that it had replaced; the new one stays.
        tainted: it is replaced because an apply did not finish making it.
    """

    address: str
    type: str
    actions: tuple[str, ...]
    planned: PlannedChange
    before: Values | None = None
    after: Values | None = None
    unknown: Values = field(default_factory=dict)
    deposed: bool = False
    tainted: bool = False

    @property
    def values(self) -> Values:
        """Those it will have, or had."""
        return self.after or self.before or {}


@dataclass(frozen=True, kw_only=True)
class ResourceDrift:
    """A resource that is not as the last apply left it.

    Args:
        before: its values in the state, sensitive ones hidden.
        after: the values that the provider read now, sensitive ones hidden; none where it is gone.
        secrets: names of settings with sensitive values that differ.
    """

    address: str
    type: str
    before: Values
    after: Values | None
    secrets: tuple[str, ...] = ()


def changes_of(plan: Mapping[str, Any]) -> list[ResourceChange]:
    """What changes, from ``terraform show -json`` of a saved plan; what stays and what is only read is left out.

    Raises:
        OpsError: the plan has an action that reports and guards do not support, such as forgetting a resource.
    """
    return [
        _change(raw)
        for raw in plan.get("resource_changes", [])
        if raw.get("mode") == "managed" and raw["change"]["actions"] not in (["no-op"], ["read"])
    ]


def is_plan(document: object) -> bool:
    """Whether a JSON document is a plan, and no state or anything else that Terraform prints."""
    return isinstance(document, Mapping) and "resource_changes" in document


def planned_addresses(plan: Mapping[str, Any]) -> set[str]:
    """Addresses of all that will be there after a plan, as far as the plan says."""
    kept = plan.get("planned_values", {}).get("root_module", {}).get("resources", [])
    made = (change.address for change in changes_of(plan) if change.planned.action is not Action.DESTROY)
    return {*(str(each["address"]) for each in kept if each.get("mode") == "managed"), *made}


def from_terraform(plan: Mapping[str, Any]) -> dict[str, PlannedChange]:
    """Actions by address. What an interrupted apply left is not among them: it is gone with no loss to the resource."""
    return {change.address: change.planned for change in changes_of(plan) if not change.deposed}


def drift_of(plan: Mapping[str, Any]) -> list[ResourceDrift]:
    """What differs between the state and what the providers read while planning, by address.

    A plan has it in each mode, ``-refresh-only`` too. Spelling counts: providers read some empty values back in another form.
    """
    found = [
        _drift(raw)
        for raw in plan.get("resource_drift", [])
        if raw.get("mode") == "managed" and raw["change"]["actions"] != ["no-op"]
    ]
    return sorted(found, key=lambda each: each.address)


def stored_before(plan: Mapping[str, Any]) -> dict[str, Values]:
    """Values by address as the state had them: the plan's own state has what the providers read instead. Secrets are not hidden."""
    stored = values_of(plan.get("prior_state") or {})
    for raw in plan.get("resource_drift") or []:
        before = raw["change"].get("before")
        if before is not None:
            stored[str(raw["address"])] = before
    return stored


def _drift(raw: Mapping[str, Any]) -> ResourceDrift:
    type_, detail = str(raw["type"]), raw["change"]
    before, after = detail.get("before") or {}, detail.get("after")
    marks = [detail.get(f"{side}_sensitive") or {} for side in ("before", "after")]
    sensitive = {name for side in marks for name, mark in side.items() if _marks_something(mark)}
    sensitive |= {*SECRET_ATTRIBUTES.get(type_, ())}
    return ResourceDrift(
        address=str(raw["address"]),
        type=type_,
        before=redacted(type_, before, marks[0]),
        after=None if after is None else redacted(type_, after, marks[1]),
        secrets=tuple(sorted(n for n in sensitive if after is not None and before.get(n) != after.get(n))),
    )


def _marks_something(mark: Any) -> bool:
    """Terraform's marks have the shape of the value, also where nothing in it is sensitive."""
    if isinstance(mark, Mapping):
        return any(map(_marks_something, mark.values()))
    return any(map(_marks_something, mark)) if isinstance(mark, list) else mark is True


def _change(raw: Mapping[str, Any]) -> ResourceChange:
    detail = raw["change"]
    action = _ACTIONS.get(tuple(detail["actions"]))
    if action is None:
        raise OpsError(
            f"the plan would {' and '.join(detail['actions'])} {raw['address']}; "
            "supported are create, update, delete and replace",
            fix="remove what causes it from the code, such as a removed block",
        )
    tainted = raw.get("action_reason") == "replace_because_tainted"
    unfinished = tainted and raw["type"] == DROPLET
    runs = (detail.get("before") or {}).get("status") == ACTIVE
    why = (NOT_FINISHED if runs else NEVER_CAME_UP,)
    because = tuple(dict.fromkeys(setting_of(path) for path in detail.get("replace_paths") or []))
    return ResourceChange(
        address=str(raw["address"]),
        type=str(raw["type"]),
        actions=tuple(detail["actions"]),
        planned=PlannedChange(action=action, because=why if unfinished else because, unfinished=unfinished),
        before=detail.get("before"),
        after=detail.get("after"),
        unknown=detail.get("after_unknown") or {},
        deposed=bool(raw.get("deposed")),
        tainted=tainted,
    )
