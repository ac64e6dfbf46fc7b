"""What the guard says of a plan, as the report shows it: refused, or acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from layers.settings.environment import Environment
from ops.check.acknowledgement import acknowledged_changes
from ops.guard import stack_change
from ops.guard.approvals import Approvals
from ops.guard.verdict import Verdict, verdicts, verdicts_of_plan
from ops.model.changes import PlannedChange
from ops.model.inventory import Inventory
from ops.report.model import GuardedChange
from ops.terraform.target import Target


def of_plan(target: Target, plan: Mapping[str, Any]) -> tuple[GuardedChange, ...]:
    """Of a plan's JSON.

    Raises:
        SettingsError: the environment's file of acknowledgements is wrong.
    """
    return _shown(verdicts_of_plan(plan, target.settings, _acknowledged(target.name)))


def between(
    settings: Environment,
    before: Inventory,
    after: Inventory,
    planned: Mapping[str, PlannedChange],
    *,
    today: date | None = None,
) -> tuple[GuardedChange, ...]:
    """Of two inventories, where Terraform was not asked.

    Raises:
        SettingsError: the environment's file of acknowledgements is wrong.
    """
    judged = verdicts(
        stack_change.between(before, after, planned),
        _acknowledged(settings.name),
        today or datetime.now(UTC).date(),
        settings,
    )
    return _shown(judged)


def _acknowledged(environment: str) -> Approvals:
    return Approvals(acknowledged=acknowledged_changes(environment))


def _shown(judged: Iterable[Verdict]) -> tuple[GuardedChange, ...]:
    return tuple(
        GuardedChange(
            what=each.loss.what,
            fix="" if each.entry else each.fix,
            acknowledged=f"until {each.entry.until}: {each.entry.reason}" if each.entry else "",
        )
        for each in judged
    )
