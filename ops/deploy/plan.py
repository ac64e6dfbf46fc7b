"""The plan of an environment: made by Terraform where it can be, else computed from the synthesized JSON."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from layers.loading import load_environment
from ops.deploy import store_steps
from ops.deploy.plan_file import PlanWriter
from ops.errors import OpsError
from ops.model.changes import from_terraform
from ops.model.inventory import Inventory, from_state, from_synthesis
from ops.model.offline_plan import from_inventories
from ops.report.compare import compare
from ops.report.model import Report, StackReport
from ops.terraform import guard, secrets, stack_outputs
from ops.terraform.git_baseline import commit_of, synthesized_at
from ops.terraform.missing_values import missing_values
from ops.terraform.runner import TerraformFailed, program
from ops.terraform.synth import Synthesized, synthesize
from ops.terraform.target import Target, targets_in

Say = Callable[[str], None]
"""Hears what is being done."""


def report_of(
    environment: str,
    *,
    base: str | None = None,
    say: Say = lambda text: None,
    saved: PlanWriter | None = None,
) -> Report:
    """The report of all stacks of an environment.

    Args:
        base: compare with this git revision instead of what is deployed.
        saved: takes in the plans that Terraform makes.
    """
    settings = load_environment(environment)
    if base:
        commit_of(base)
    say("synthesizing")
    synthesized = synthesize(environment)
    if base:
        say(f"synthesizing {base}")
        old = synthesized_at(base, environment)
        return _offline(
            environment, synthesized, old, compared_with=f"revision {base}", reason="requested by --base"
        )
    reports: list[StackReport] = []
    targets = targets_in(settings, synthesized)
    for target in targets.all:
        chosen = (
            stack_outputs.with_cloud_outputs_if_known(targets)
            if not target.is_cloud and targets.cloud
            else target
        )
        expected = stack_outputs.names_from_cloud(target.document, targets.cloud) if targets.cloud else []
        reason = unreachable(chosen, say=say, from_cloud=expected)
        if reason:
            reports.append(_against_nothing(target.stack, target.document, reason))
            if saved:
                saved.leave_out(target.stack, reason)
        else:
            say(f"terraform plan of {target.stack}")
            reports.append(planned_by_terraform(chosen, saved))
    return Report(environment=environment, stacks=tuple(reports))


def unreachable(target: Target, *, say: Say, from_cloud: Collection[str] = ()) -> str:
    """Why Terraform cannot plan this stack here, in one line; empty when it can. Tries it.

    Args:
        from_cloud: variables whose values the cloud stack has once it is deployed.
    """
    if shutil.which(program()) is None:
        return f"{program()} is not installed (https://developer.hashicorp.com/terraform/install)"
    lacking = [name for name in secrets.names(target.document) if name not in target.variables]
    if lacking and set(lacking) <= set(from_cloud):
        return f"{', '.join(lacking)} comes from the cloud stack, which is not deployed or cannot be read"
    known = {*from_cloud, *target.variables}
    values = missing_values([target.document], deploys=target.name, known=known)
    if values:
        names = [value.variable for value in values]
        return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not set"
    try:
        say(f"terraform init of {target.stack}")
        target.terraform.init()
        if not target.is_cloud:
            say(f"asking the engine at {target.settings.engine.host}")
            with target.swarm() as swarm:
                state = swarm.membership().get("LocalNodeState")
            if state != "active":
                host = target.settings.engine.host
                return f"the engine at {host} is in no swarm yet (swarm state: {state}); make up starts one for local"
    except OpsError as error:
        return error.problem.replace("\n", " ")
    return ""


def planned_by_terraform(target: Target, saved: PlanWriter | None = None) -> StackReport:
    """The report of what Terraform plans for a stack whose folder is initialised.

    Args:
        saved: takes in the plan.
    """
    terraform = target.terraform
    with tempfile.TemporaryDirectory(prefix="sprocket-plan-") as private:
        file = Path(private) / "plan"
        try:
            changes = terraform.plan(file)
        except TerraformFailed as error:
            raise guard.explained(error) from None
        plan = terraform.show(file)
        if saved:
            saved.add(target, file, changes=changes)
    return report_of_plan(target, plan)


def report_of_plan(target: Target, plan: Mapping[str, Any]) -> StackReport:
    """The report of a plan's JSON."""
    after = target.wanted
    paths = {resource.address: resource.path for resource in after.resources.values()}
    before = from_state(plan.get("prior_state"), paths)
    real = "DigitalOcean" if target.is_cloud else "the swarm"
    report = compare(
        target.stack, before, after, from_terraform(plan), compared_with=f"{real} and Terraform's state"
    )
    return replace(report, store_steps=store_steps.steps(target.name, before, after))


def _against_nothing(name: str, document: Mapping[str, Any], reason: str) -> StackReport:
    after = from_synthesis(document)
    nothing = Inventory(resources={})
    planned = from_inventories(nothing, after)
    return compare(name, nothing, after, planned, compared_with="nothing (everything is new)", offline=reason)


def _offline(
    environment: str, synthesized: Synthesized, old: Synthesized, *, compared_with: str, reason: str
) -> Report:
    stacks = []
    for name in sorted({**old.stacks, **synthesized.stacks}):
        before = from_synthesis(old.stacks.get(name, {}))
        after = from_synthesis(synthesized.stacks.get(name, {}))
        planned = from_inventories(before, after)
        stack = compare(name, before, after, planned, compared_with=compared_with, offline=reason)
        stacks.append(replace(stack, store_steps=store_steps.steps(environment, before, after)))
    return Report(environment=environment, stacks=tuple(stacks))
