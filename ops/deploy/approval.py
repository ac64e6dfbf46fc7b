"""Shows a plan, and asks before it is applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rich.text import Text

from ops.backup import password
from ops.deploy import losses, store_steps
from ops.deploy.plan import report_of_plan
from ops.report import text
from ops.report.model import Report
from ops.terminal import screen
from ops.terraform.apply import Approve, ApprovedChanges, then
from ops.terraform.target import Target

Ask = Callable[[str], bool]
"""Asks a question and says whether the answer was yes."""


def approval(
    target: Target,
    ask: Ask | None,
    *,
    question: str = "",
    approved: ApprovedChanges = ApprovedChanges(),
) -> Approve:
    """Prints the plan of a stack and asks; without a question, only prints it.

    A version of a store that nobody acknowledged is refused before that. An environment on this machine's engine gets the counts and what is lost instead of the whole plan,
    and its name is typed before data is lost.
    """

    def approve(plan: Mapping[str, Any]) -> bool:
        store_steps.refuse(target, plan.get("prior_state"))
        report = report_of_plan(target, plan)
        if ask is None and target.is_here:
            screen.err.print(Text(f"{target.stack}: {text.counts(report)}"))
            for danger in report.dangers:
                screen.err.print(Text(f"  ! {danger}", style="bold red"))
            losses.confirm(target, plan, approved)
            return True
        screen.show_report(text.render(Report(environment=target.name, stacks=(report,))))
        losses.confirm(target, plan, approved)
        return ask is None or ask(question or f"deploy this to {target.name}?")

    return approve


def admitting(target: Target, approve: Approve) -> Approve:
    """Once a plan is approved, lets the password in that it gives to the senders of backups."""
    return then(approve, partial(password.admit, target), each_time=True)
