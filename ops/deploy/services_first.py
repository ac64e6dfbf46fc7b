"""Judges the plan of the services before the cloud is changed: refused after that, it leaves an environment half deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.deploy.plan import plan_of, unreachable
from ops.deploy.plan_file import OpenedPlan
from ops.errors import Refused
from ops.guard.approvals import Approvals
from ops.guard.verdict import refusals
from ops.model.state import resources_of
from ops.terminal import screen
from ops.terraform import stack_outputs
from ops.terraform.apply import Approve
from ops.terraform.target import Targets


def judging_services_first(
    targets: Targets, approve: Approve, *, approved: Approvals, saved: OpenedPlan | None = None
) -> Approve:
    """The approval of the cloud's plan, which is refused where the guard would refuse the services' plan afterwards.

    The plan is made with the cloud as it is now. Where nothing can be asked, such as when the managers are gone and this deploy
    brings them back, a warning says so and the guard judges it after the cloud was changed, as it always does. A plan that
    Terraform itself refuses ends the deploy.

    Args:
        approved: what the guard lets pass.
        saved: plans to apply instead of making them.
    """
    judged = False

    def judge(plan: Mapping[str, Any]) -> bool:
        nonlocal judged
        if not judged:
            _refuse(targets, approved, saved)
            judged = True
        return approve(plan)

    return judge


def _refuse(targets: Targets, approved: Approvals, saved: OpenedPlan | None) -> None:
    services = targets.services
    if not resources_of(services.terraform.state()):
        return
    with screen.doing() as say:
        plan, reason = _saved_plan(targets, saved) if saved else _new_plan(targets, say)
    if reason:
        screen.warn(
            f"warning: the plan of {services.stack} is judged after the cloud was changed, since it cannot be made now: "
            f"{reason}"
        )
        return
    found = refusals(plan, services.settings, approved)
    if found:
        raise Refused(
            f"the plan of {services.stack} would be refused after the cloud was changed; nothing was changed",
            found,
        )


def _new_plan(targets: Targets, say: screen.Say) -> tuple[Mapping[str, Any], str]:
    """The plan, and why there is none."""
    services, cloud = stack_outputs.with_cloud_outputs_if_known(targets), targets.cloud
    expected = stack_outputs.names_from_cloud(services.document, cloud) if cloud else []
    reason = unreachable(services, say=say, from_cloud=expected)
    if reason:
        return {}, reason
    say(f"terraform plan of {services.stack}")
    return plan_of(services), ""


def _saved_plan(targets: Targets, saved: OpenedPlan) -> tuple[Mapping[str, Any], str]:
    """The same of a plan that was saved."""
    services = targets.services
    planned = saved.of(services.stack)
    if planned.missing or not planned.changes:
        return {}, planned.missing
    return services.terraform.show(saved.file_of(services.stack)), ""
