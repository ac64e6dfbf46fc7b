"""What an apply may not do by accident, and what Terraform refuses itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from layers.cloud.protected import STEPS
from layers.cloud.way_out import way_out
from ops.errors import Obstacle, OpsError, WrongUse
from ops.guard.approvals import Approvals
from ops.guard.stack_change import of_plan
from ops.guard.verdict import Verdict, verdicts
from ops.model.changes import DROPLET
from ops.model.state import resources_of
from ops.terraform.runner import TerraformFailed

if TYPE_CHECKING:
    from ops.terraform.target import Target


def refusals(plan: Mapping[str, Any], target: Target, approvals: Approvals = Approvals()) -> list[Obstacle]:
    """Why a plan (``terraform show -json``) must not be applied; empty when it may, or when a deploy asks first."""
    return [each.obstacle for each in judged(plan, target, approvals) if each.is_refused]


def judged(plan: Mapping[str, Any], target: Target, approvals: Approvals = Approvals()) -> list[Verdict]:
    """What the guard says of the changes of a plan, refused or not."""
    today = datetime.now(UTC).date()
    return list(verdicts(of_plan(plan), approvals, today, target.settings))


def explained(error: TerraformFailed) -> OpsError:
    """A plan that Terraform refused, with what to do where the reason is known."""
    sentences = way_out("\n".join(f"{one.summary}\n{one.detail}" for one in error.outcome.errors))
    return OpsError(error.problem, fix="\n  ".join([*sentences, STEPS])) if sentences else error


def addresses_of(state: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """Terraform addresses of droplets by name.

    Raises:
        WrongUse: a name that no droplet has.
    """
    known = {r["values"]["name"]: r["address"] for r in resources_of(state) if r["type"] == DROPLET}
    missing = sorted(set(names) - known.keys())
    if missing:
        have = ", ".join(sorted(known)) or "none: nothing is deployed"
        raise WrongUse(f"there is no droplet {', '.join(missing)} in the state", fix=f"there are: {have}")
    return [str(known[name]) for name in names]
