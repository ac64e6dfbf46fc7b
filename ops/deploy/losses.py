"""Data on this machine that a plan would lose: the environment's name is typed first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.errors import Refused
from ops.guard.verdict import verdicts_of_plan
from ops.terraform.apply import ApprovedChanges
from ops.terraform.target import Target


def confirm(target: Target, plan: Mapping[str, Any], approved: ApprovedChanges) -> None:
    """Asks about what the plan would lose; nothing is asked of a stack elsewhere, where it was refused already.

    Raises:
        Refused: something would be lost, and there is no way to ask.
        WrongUse: nobody confirmed it.
    """
    found = [each for each in verdicts_of_plan(plan, target.settings, approved) if each.asked]
    if not found:
        return
    if approved.lose is None:
        raise Refused(
            f"the plan of {target.stack} is not applied; nothing was changed", [v.obstacle for v in found]
        )
    approved.lose("\n".join([f"this deletes data of {target.name}:", *(f"  {v.loss.what}" for v in found)]))
