"""Switches an environment off, and removes it for good."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from layers.loading import load_environment
from ops.check.acknowledgement import acknowledged_changes
from ops.deploy import prerequisites
from ops.deploy.approval import Ask, approval
from ops.errors import OpsError, Refused, WrongUse
from ops.model.inventory import from_synthesis
from ops.model.state import Resource, ids_in, resources_of
from ops.paths import STATE
from ops.release.archive import folder_of
from ops.swarm import local
from ops.swarm.engine import Swarm
from ops.terminal import screen
from ops.terminal.counted import counted
from ops.terraform import stack_outputs
from ops.terraform.apply import ApprovedChanges, apply
from ops.terraform.leftovers import remove_leftovers
from ops.terraform.missing_values import missing_values
from ops.terraform.synth import synthesize
from ops.terraform.target import Target, targets_of


def down(
    environment: str, *, parallelism: int, ask: Ask | None, approved: ApprovedChanges = ApprovedChanges()
) -> None:
    """Removes services, networks, configs and secrets; keeps data and the generated secrets that open it.

    Args:
        ask: asked after the plan was printed; without it nothing is asked.
        approved: for what is not in the code any more, and would go too. What the environment's file acknowledges comes on top.
    """
    target, has_cloud = _reachable(environment)
    if not _resources(target):
        screen.err.print(f"{environment} has no state: nothing is deployed")
        return
    _remove_leftovers(target)
    question = f"switch {environment} off? All its services stop"
    approved = replace(approved, acknowledged=tuple(acknowledged_changes(environment)))
    approve = approval(target, ask, question=question, approved=approved)
    if not apply(target, parallelism=parallelism, approve=approve, approved=approved):
        screen.err.print("nothing to switch off")
    with target.swarm() as swarm:
        swarm.wait_for_removed_tasks()
    left = _resources(target)
    volumes = sum(r["type"] == "docker_volume" for r in left)
    values = sum(r["type"] == "random_password" for r in left)
    screen.err.print(
        f"{environment} is off; {counted(volumes, 'volume')} and {counted(values, 'generated secret')} "
        "stay for the next make up"
    )
    if has_cloud:
        screen.err.print(
            "droplets, volumes and addresses are still there and cost the same; "
            "docs/runbooks/destroy-data.md has the steps to destroy them"
        )


def purge(environment: str, *, parallelism: int) -> None:
    """Removes everything: services, data, generated secrets, state, the swarm if a deploy started it, the registry.

    Only where the state is a file on this machine: other environments keep their data on volumes that no command here
    deletes.
    """
    settings = load_environment(environment)
    if settings.cloud is not None:
        raise WrongUse(
            f"{environment} has a cloud; purge is only for environments on this machine",
            fix=f"make down ENV={environment} switches it off; docs/runbooks/destroy-data.md has the steps for the rest",
        )
    target, _ = _reachable(environment)
    if target.state_file is None:
        raise WrongUse(
            f"the state of {environment} is not a file on this machine; purge deletes nothing elsewhere",
            fix="destroy what is in that state with Terraform itself: docs/runbooks/state.md",
        )
    resources = _resources(target)
    if resources:
        _remove_leftovers(target)
        apply(target, parallelism=parallelism)
        with target.swarm() as swarm:
            swarm.wait_for_removed_tasks()
        apply(target, parallelism=parallelism, destroy=True)
    with target.swarm() as swarm:
        _verify(swarm, resources)
    _stop_what_a_deploy_started(target)
    _delete_state(target)
    screen.err.print(f"{environment} is deleted; only built images are left on this machine")


def _reachable(environment: str) -> tuple[Target, bool]:
    """The stack of services, and whether there is a cloud under it."""
    with screen.doing() as say:
        say(f"synthesizing {environment}, switched off")
        targets = targets_of(environment, off=True)
        target = targets.services
        known = stack_outputs.names_from_cloud(target.document, targets.cloud) if targets.cloud else []
        values = missing_values([target.document], deploys=environment, known=known)
        found = list(prerequisites.tools(locks=target.state_file is None))
        found += [value.obstacle for value in values]
        if found:
            raise Refused(f"{environment} cannot be switched off; nothing was changed", found)
        target = stack_outputs.with_cloud_outputs(targets)
        say("terraform init")
        target.terraform.init()
        with target.swarm():
            pass
    return target, targets.cloud is not None


def _remove_leftovers(target: Target) -> None:
    """Removes what a killed deploy left: no state knows it, and it would go on, and hold its networks."""
    known = ids_in(target.terraform.state())
    with target.swarm() as swarm:
        active = swarm.membership().get("LocalNodeState") == "active"
        if not active or all(service.id in known for service in swarm.services()):
            return
    with tempfile.TemporaryDirectory(prefix="sprocket-on-") as folder:
        # Switched off, the environment declares no service: its names are those of when it is on.
        on = synthesize(target.name, out=Path(folder)).stacks[target.stack]
    remove_leftovers(
        target,
        lambda each: screen.err.print(f"{each}: left by an apply that did not finish; removed", markup=False),
        wanted=from_synthesis(on),
    )


def _resources(target: Target) -> list[Resource]:
    return resources_of(target.terraform.state())


def _verify(swarm: Swarm, resources: list[Mapping[str, Any]]) -> None:
    left = sorted(_leftovers(swarm, resources))
    if left:
        raise OpsError(
            f"left over after the purge: {', '.join(left)}",
            fix="run make purge again; the state was kept for it",
        )


def _leftovers(swarm: Swarm, resources: list[Mapping[str, Any]]) -> Iterator[str]:
    active = swarm.membership().get("LocalNodeState") == "active"
    kinds = ("network", "volume", "config", "secret") if active else ("network", "volume")
    existing = {kind: set(swarm.names(kind).values()) for kind in kinds}
    existing["service"] = {service.id for service in swarm.services()} if active else set()
    for resource in resources:
        kind = resource["type"].removeprefix("docker_")
        if resource["values"].get("id") in existing.get(kind, ()):
            yield f"{kind} {resource['values'].get('name')}"


def _delete_state(target: Target) -> None:
    file = target.state_file
    if file is not None:
        for path in (file, file.with_name(file.name + ".backup")):
            path.unlink(missing_ok=True)
        shutil.rmtree(folder_of(target.settings), ignore_errors=True)
        for folder in (file.parent, file.parent.parent):
            if folder.is_relative_to(STATE) and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _stop_what_a_deploy_started(target: Target) -> None:
    with target.swarm() as swarm:
        if local.end_if_ours(swarm):
            screen.err.print("left the swarm that make up had created")
    if target.builds_images:
        from images.builder.registry import Registry, chosen_port

        if Registry(chosen_port()).stop():
            screen.err.print(
                "stopped the registry; its data stays in the cache: python -m images clean --all"
            )
