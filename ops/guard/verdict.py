"""What the guard says of each change that it stops: refused, asked about, or acknowledged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from layers.settings.environment import Environment
from ops.errors import Obstacle
from ops.guard.acknowledged_change import AcknowledgedChange
from ops.guard.approvals import Approvals
from ops.guard.kind import NEVER
from ops.guard.rule import Loss, Rule
from ops.guard.rules import RULES
from ops.guard.stack_change import StackChange, of_plan

RUNBOOK = "docs/runbooks/acknowledge-a-change.md"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One change of a rule's kind, and what follows.

    Args:
        fix: what to do instead, and what makes it pass.
        entry: the acknowledgement that makes it pass.
        asked: no file is needed: a deploy asks for the environment's name.
    """

    rule: Rule
    loss: Loss
    fix: str
    entry: AcknowledgedChange | None = None
    asked: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether a deploy refuses it without asking."""
        return self.entry is None and not self.asked

    @property
    def obstacle(self) -> Obstacle:
        """As a deploy refuses it."""
        return Obstacle(what=self.loss.what, fix=self.fix)


def refusals(
    plan: Mapping[str, Any], settings: Environment, approvals: Approvals = Approvals()
) -> list[Obstacle]:
    """Why a plan (``terraform show -json``) must not be applied; empty when it may, or when a deploy asks first."""
    return [each.obstacle for each in verdicts_of_plan(plan, settings, approvals) if each.is_refused]


def verdicts_of_plan(
    plan: Mapping[str, Any], settings: Environment, approvals: Approvals = Approvals()
) -> list[Verdict]:
    """What the guard says today of the changes of a plan, refused or not."""
    return list(verdicts(of_plan(plan), approvals, datetime.now(UTC).date(), settings))


def verdicts(
    stack: StackChange, approvals: Approvals, today: date, settings: Environment
) -> Iterator[Verdict]:
    """All changes that the table names, in its order."""
    environment, here = settings.name, settings.engine.is_here
    stack = replace(stack, budget=settings.budget)
    for rule in RULES:
        if rule.only_elsewhere and (here or approvals.earlier_release):
            continue
        if rule.typed_here and approvals.purges:
            continue
        for loss in rule.losses(stack, approvals):
            entry = next(
                (each for each in approvals.acknowledged if each.covers(rule.kind, loss.about, today)), None
            )
            asked = entry is None and here and rule.typed_here
            yield Verdict(
                rule=rule, loss=loss, fix=_fix(rule, loss, environment, asked), entry=entry, asked=asked
            )


def _fix(rule: Rule, loss: Loss, environment: str, asked: bool) -> str:
    instead = loss.fix or rule.fix
    if rule.kind in NEVER:
        return instead
    if asked:
        return (
            f"{instead}; a deploy asks for the name {environment} first, and --confirm {environment} answers"
        )
    about = "'" + loss.about.replace("'", "''") + "'"
    return (
        f"{instead}; to deploy it all the same, follow {RUNBOOK}: an entry under changes in "
        f"environments/acknowledged/{environment}.yaml:\n"
        f"    - {{kind: {rule.kind}, about: {about}, reason: ..., until: YYYY-MM-DD}}"
    )
