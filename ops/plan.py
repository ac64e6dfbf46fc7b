"""The plan of an environment: made by Terraform where it can be, else worked out from the synthesized JSON."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from layers.loading import load_environment
from ops import secrets
from ops.base import synthesized_at
from ops.errors import OpsError
from ops.paths import stack_folder
from ops.report.actions import from_inventories, from_terraform
from ops.report.compare import compare
from ops.report.inventory import Inventory, from_state, from_synthesis
from ops.report.model import Report, StackReport
from ops.swarm import connected
from ops.synthesis import Synthesized, synthesize
from ops.terraform import Terraform

Say = Callable[[str], None]
"""Hears what is being done."""


def report_of(environment: str, *, base: str | None = None, say: Say = lambda text: None) -> Report:
    """The report of all stacks of an environment.

    Args:
        base: compare with this git revision instead of what is deployed.
    """
    settings = load_environment(environment)
    say("synthesizing")
    synthesized = synthesize(environment)
    if base:
        say(f"synthesizing {base}")
        old = synthesized_at(base, environment)
        return _offline(
            environment, synthesized, old, compared_with=f"revision {base}", reason="asked for by --base"
        )
    stacks = []
    for name, document in synthesized.stacks.items():
        host = settings.engine.host if name == settings.services_stack else ""
        reason = unreachable(
            name, document, synthesized.out, host=host, ssh_options=settings.engine.ssh_options, say=say
        )
        if reason:
            stacks.append(_against_nothing(name, document, reason))
        else:
            say(f"terraform plan of {name}")
            stacks.append(planned_by_terraform(name, document, stack_folder(name, synthesized.out)))
    return Report(environment=environment, stacks=tuple(stacks))


def unreachable(
    name: str, document: Mapping[str, Any], out: Path, *, host: str, ssh_options: tuple[str, ...], say: Say
) -> str:
    """Why Terraform cannot plan this stack here, in one line; empty when it can. Found out by trying."""
    if shutil.which("terraform") is None:
        return "terraform is not installed (https://developer.hashicorp.com/terraform/install)"
    lacking = secrets.names(document)
    if lacking:
        return f"these secrets have no value: {', '.join(f'TF_VAR_{secret}' for secret in lacking)}"
    try:
        say(f"terraform init of {name}")
        Terraform(stack_folder(name, out)).init()
        if host:
            say(f"asking the engine at {host}")
            with connected(host, ssh_options) as swarm:
                state = swarm.membership().get("LocalNodeState")
            if state != "active":
                return f"the engine at {host} is in no swarm yet (swarm state: {state}); make up starts one for local"
    except OpsError as error:
        return error.problem.replace("\n", " ")
    return ""


def planned_by_terraform(name: str, document: Mapping[str, Any], folder: Path) -> StackReport:
    """The report of what Terraform plans for a stack whose folder is initialised."""
    terraform = Terraform(folder)
    with tempfile.TemporaryDirectory(prefix="sprocket-plan-") as private:
        file = Path(private) / "plan"
        terraform.plan(file)
        plan = terraform.show(file)
    return report_of_plan(name, document, plan)


def report_of_plan(name: str, document: Mapping[str, Any], plan: Mapping[str, Any]) -> StackReport:
    """The report of a plan's JSON."""
    after = from_synthesis(document)
    paths = {resource.address: resource.path for resource in after.resources.values()}
    before = from_state(plan.get("prior_state", {}).get("values"), paths)
    return compare(name, before, after, from_terraform(plan), compared_with="the swarm and Terraform's state")


def _against_nothing(name: str, document: Mapping[str, Any], reason: str) -> StackReport:
    after = from_synthesis(document)
    nothing = Inventory(resources={})
    planned = from_inventories(nothing, after)
    return compare(name, nothing, after, planned, compared_with="nothing (all is to add)", offline=reason)


def _offline(
    environment: str, synthesized: Synthesized, old: Synthesized, *, compared_with: str, reason: str
) -> Report:
    stacks = []
    for name in sorted({**old.stacks, **synthesized.stacks}):
        before = from_synthesis(old.stacks.get(name, {}))
        after = from_synthesis(synthesized.stacks.get(name, {}))
        planned = from_inventories(before, after)
        stacks.append(compare(name, before, after, planned, compared_with=compared_with, offline=reason))
    return Report(environment=environment, stacks=tuple(stacks))
