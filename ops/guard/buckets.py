"""What a bucket that stays would keep less of, or show to more people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.guard.approvals import Approvals
from ops.guard.references import named
from ops.guard.rule import Loss
from ops.guard.stack_change import StackChange, name_of
from ops.model.changes import Action
from ops.model.inventory import Values, one

BUCKET = "digitalocean_spaces_bucket"
POLICY = "digitalocean_spaces_bucket_policy"

_EXPIRES: Mapping[str, str] = {
    "expiration": "objects",
    "noncurrent_version_expiration": "what was overwritten or deleted",
}


def versions(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Buckets that would stop keeping versions."""
    for change, before, after in stack.changed(BUCKET):
        if one(before.get("versioning")).get("enabled") and not one(after.get("versioning")).get("enabled"):
            yield Loss(
                about=change.address,
                what=f"bucket {name_of(change)} would no longer keep versions: what is overwritten or deleted is lost at once",
            )


def retention(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Buckets that would delete something sooner than now."""
    for change, before, after in stack.changed(BUCKET):
        was, will = _days(before), _days(after)
        for key, days in sorted(will.items()):
            if key not in was or days < was[key]:
                prefix, part = key
                where = f" below {prefix}" if prefix else ""
                sooner = f"{_EXPIRES[part]}{where} {_when(days)}"
                instead = f"instead of {_when(was[key])}" if key in was else "where nothing did before"
                yield Loss(
                    about=f"{change.address}: {sooner}",
                    what=f"bucket {name_of(change)} would delete {sooner} {instead}",
                )


def policies(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Policies and access lists of buckets that are there already."""
    had = {str(bucket.values.get("name")) for bucket in stack.before.of_type(BUCKET)}
    for change in stack.of_type(POLICY):
        bucket = named(change.values.get("bucket"), stack.after if change.after else stack.before)
        if change.planned.action is not Action.ADD or bucket in had:
            yield Loss(
                about=change.address,
                what=f"the policy of bucket {bucket} would change: it says who may read, write and delete in it",
            )
    for change, before, after in stack.changed(BUCKET):
        was, will = before.get("acl") or "private", after.get("acl") or "private"
        if was != will:
            yield Loss(
                about=change.address,
                what=f"the access list of bucket {name_of(change)} would change from {was} to {will}",
            )


def _when(days: int) -> str:
    return f"after {days} days" if days else "on a date"


def _days(bucket: Values) -> dict[tuple[str, str], int]:
    """Days until something is deleted, by the prefix of its name and by what it is; a date counts as no day left."""
    found: dict[tuple[str, str], int] = {}
    for rule in bucket.get("lifecycle_rule") or []:
        for part in _EXPIRES:
            block: Mapping[str, Any] = one(rule.get(part))
            days = 0 if block.get("date") else block.get("days")
            if rule.get("enabled") and isinstance(days, int) and (days or block.get("date")):
                key = (str(rule.get("prefix") or ""), part)
                found[key] = min(days, found.get(key, days))
    return found
