"""What has changed since a plan was made: why Terraform no longer applies it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.errors import Obstacle, Refused
from ops.model.changes import stored_before
from ops.model.noun import described
from ops.model.state import values_of

SETTINGS = 4
"""How many settings of a resource are named."""


def refused(stack: str, plan: Mapping[str, Any], now: Mapping[str, Any]) -> Refused:
    """The refusal of a plan that is out of date.

    Args:
        plan: its JSON.
        now: the state's JSON.
    """
    found = list(changed_since(plan, now)) or [
        "no resource of the state; an apply has run that changed none, or outputs only"
    ]
    fix = "make a new plan, and have that one approved: python -m ops plan --env " + stack.rpartition("-")[0]
    return Refused(
        f"the plan of {stack} is out of date and was not applied; since it was made, this has changed:",
        [Obstacle(what=each, fix=fix) for each in found],
    )


def changed_since(plan: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Every resource that differs between the state that a plan was made from and the state now, in words, never with values."""
    before, after = stored_before(plan), values_of(now)
    for address in sorted(before.keys() | after.keys()):
        if address not in before:
            yield f"{described(address, after[address])} was added"
        elif address not in after:
            yield f"{described(address, before[address])} was removed"
        elif settings := _differing(before[address], after[address]):
            more = f" and {len(settings) - SETTINGS} more" if len(settings) > SETTINGS else ""
            yield f"{described(address, after[address])} was changed: {', '.join(settings[:SETTINGS])}{more}"


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
