"""The plan of an environment: made by Terraform where it can be, else computed from the synthesized JSON."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from layers.loading import load_environment
from layers.settings.environment import Environment
from ops.deploy import guarded_changes, store_steps
from ops.deploy.plan_file import PlanWriter
from ops.errors import OpsError
from ops.model.changes import PlannedChange, from_terraform
from ops.model.inventory import Inventory, from_state, from_synthesis
from ops.model.offline_plan import from_inventories
from ops.report.compare import compare
from ops.report.model import GuardedChange, Report, StackReport
from ops.report.placement import Compared, topology_of
from ops.terminal.screen import Say
from ops.terraform import secrets, stack_outputs
from ops.terraform.git_baseline import commit_of, synthesized_at
from ops.terraform.missing_values import missing_values
from ops.terraform.refused_plan import explained
from ops.terraform.runner import PARALLELISM, TerraformFailed, program
from ops.terraform.synth import synthesize
from ops.terraform.target import Target, targets_in

READS_HERE = 100
"""Terraform's parallelism for a plan where the engine is on this machine: the provider sleeps 2 s in each read of a service
(3.9.0, ``resourceDockerServiceRead``), so that more at once is faster, and over a socket no connection is dear."""


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
        return in_one_report(
            settings,
            compared_offline(
                settings,
                synthesized.stacks,
                old.stacks,
                compared_with=f"revision {base}",
                reason="requested by --base",
            ),
        )
    stacks: list[Compared] = []
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
            stacks.append(_against_nothing(target, reason))
            if saved:
                saved.leave_out(target.stack, reason)
        else:
            say(f"terraform plan of {target.stack}")
            stacks.append(compared_by_terraform(chosen, plan_of(chosen, saved)))
    return in_one_report(settings, stacks)


def in_one_report(settings: Environment, stacks: Sequence[Compared]) -> Report:
    """The report of stacks of one environment that were compared."""
    return Report(
        environment=settings.name,
        stacks=tuple(stack.report for stack in stacks),
        topology=topology_of(settings, stacks),
    )


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


def plan_of(target: Target, saved: PlanWriter | None = None) -> Mapping[str, Any]:
    """What Terraform plans.

    Args:
        saved: takes in the plan.
    """
    terraform = target.terraform
    with tempfile.TemporaryDirectory(prefix="sprocket-plan-") as private:
        file = Path(private) / "plan"
        try:
            changes = terraform.plan(file, parallelism=READS_HERE if target.is_here else PARALLELISM)
        except TerraformFailed as error:
            raise explained(error) from None
        plan = terraform.show(file)
        if saved:
            saved.add(target, file, changes=changes)
    return plan


def report_of_plan(target: Target, plan: Mapping[str, Any]) -> StackReport:
    """The report of a plan's JSON."""
    return compared_by_terraform(target, plan).report


def compared_by_terraform(target: Target, plan: Mapping[str, Any], *, compared_with: str = "") -> Compared:
    """What Terraform plans for a stack, from a plan's JSON, with what it is a plan from and to.

    Args:
        compared_with: in words; by default what is there and Terraform's state of it.
    """
    after = target.wanted
    paths = {resource.address: resource.path for resource in after.resources.values()}
    before = from_state(plan.get("prior_state"), paths)
    real = "DigitalOcean" if target.is_cloud else "the swarm"
    return _compared(
        target.settings,
        target.stack,
        before,
        after,
        from_terraform(plan),
        compared_with=compared_with or f"{real} and Terraform's state",
        guarded=guarded_changes.of_plan(target, plan),
    )


def _against_nothing(target: Target, reason: str) -> Compared:
    after, nothing = target.wanted, Inventory(resources={})
    return _compared(
        target.settings,
        target.stack,
        nothing,
        after,
        from_inventories(nothing, after),
        compared_with="nothing (everything is new)",
        offline=reason,
    )


def compared_offline(
    settings: Environment,
    new: Mapping[str, Mapping[str, Any]],
    old: Mapping[str, Mapping[str, Any]],
    *,
    compared_with: str,
    reason: str,
) -> list[Compared]:
    """The stacks of an environment against those of another revision, both synthesized, as the providers would plan it.

    Args:
        new, old: the JSON of each stack by its name.
        reason: why Terraform does not make this plan.
    """
    stacks = []
    for name in sorted({**old, **new}):
        before = from_synthesis(old.get(name, {}))
        after = from_synthesis(new.get(name, {}))
        planned = from_inventories(before, after)
        stacks.append(
            _compared(settings, name, before, after, planned, compared_with=compared_with, offline=reason)
        )
    return stacks


def _compared(
    settings: Environment,
    name: str,
    before: Inventory,
    after: Inventory,
    planned: Mapping[str, PlannedChange],
    *,
    compared_with: str,
    offline: str = "",
    guarded: tuple[GuardedChange, ...] | None = None,
) -> Compared:
    """One stack, with what the guard says of it: of Terraform's own plan where there is one, else of the two inventories."""
    report = compare(
        name, before, after, planned, compared_with=compared_with, offline=offline, budget=settings.budget
    )
    if guarded is None:
        guarded = guarded_changes.between(settings, before, after, planned)
    guarded = (*guarded, *store_steps.steps(settings.name, before, after))
    return Compared(report=replace(report, guarded=guarded), before=before, after=after, planned=planned)
