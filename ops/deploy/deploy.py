"""Deploys an environment and waits until its services have converged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from ops.backup import password
from ops.check import acknowledgement, runner
from ops.check.rules import access
from ops.cloud import failed_droplets, orphans, volume_migration
from ops.cloud.client import Client
from ops.deploy import automatic_rollback, prerequisites, store_steps
from ops.deploy.addresses import print_addresses
from ops.deploy.approval import Ask, admitting, approval
from ops.deploy.convergence import wait_for_convergence
from ops.deploy.migration_copy import copying_first
from ops.deploy.observation import Observation, PagesLost
from ops.deploy.package_images import build_images
from ops.deploy.plan_file import OpenedPlan
from ops.deploy.precautions import Precautions
from ops.deploy.preflight import obstacles, verdict
from ops.deploy.pull_ahead import pulling_first
from ops.deploy.services_first import judging_services_first
from ops.deploy.state_backup import back_up_state
from ops.deploy.trial_boot import booting_first
from ops.errors import Obstacle, OpsError, Refused
from ops.nodes import known_hosts, readiness, status
from ops.release.pruning import prune_nodes_after_deploy
from ops.release.recording import recorded
from ops.swarm import local
from ops.swarm.tasks import began
from ops.terminal import screen
from ops.terraform import stack_outputs
from ops.terraform.apply import Approve, ApprovedChanges, apply
from ops.terraform.leftovers import remove_leftovers
from ops.terraform.missing_values import missing_values
from ops.terraform.target import Target, Targets, target_of, targets_of

READY_TIMEOUT_S = 900.0
"""A droplet boots in a minute and installs its engine in two or three; a slow mirror must not end a deploy."""


def deploy(
    environment: str,
    *,
    stable_s: float,
    parallelism: int,
    ask: Ask | None,
    only: str = "",
    approved: ApprovedChanges = ApprovedChanges(),
    ready_s: float = READY_TIMEOUT_S,
    saved: OpenedPlan | None = None,
    precautions: Precautions = Precautions(),
) -> None:
    """Changes an environment to what its files say: its cloud, then, when the nodes are ready, its services.

    Args:
        stable_s: services have converged when they have run the same tasks for so long.
        parallelism: Terraform's.
        ask: asked after each plan was printed, before it is applied; without it nothing is asked.
        only: ``cloud`` or ``services``: nothing of the other stack.
        approved: droplets that may be replaced or destroyed, volumes that may leave their droplet. What the environment's file
            acknowledges comes on top.
        ready_s: how long to wait for the nodes.
        saved: plans to apply instead of making them: exactly these, or none.
        precautions: against a bad release.

    Raises:
        Refused: a check, this machine or the swarm rules it out; nothing was changed.
        OpsError: it failed on the way; what was made is in the state, and another run continues from there.
    """
    targets = _checked(environment, only)
    if saved:
        _require_current(saved, _stacks_to_deploy(targets, only))
    if targets.cloud and not only:
        check_stores_first(targets.services)
    approved = replace(approved, acknowledged=tuple(acknowledgement.acknowledged_changes(environment)))
    changed = False
    if targets.cloud and only != "services":
        approve = approval(targets.cloud, ask)
        if not only:
            approve = judging_services_first(targets, approve, approved=_of_services(approved), saved=saved)
        changed = deploy_cloud(
            targets.cloud, parallelism=parallelism, approve=approve, approved=approved, saved=saved
        )
    if saved and only != "cloud" and (reason := saved.of(targets.services.stack).missing):
        if changed:
            back_up_state(targets)
        raise OpsError(
            f"{targets.services.stack} is not deployed: the file has no plan of it ({reason})",
            fix=f"plan and approve it now: python -m ops plan --env {environment} --out FILE",
        )
    if only != "cloud":
        if targets.cloud:
            readiness.require_ready(
                targets.services,
                wait_s=ready_s,
                tell=status.StatusDisplay(screen.err),
                # Who comes and who goes is in the plan of the cloud; without one, nobody has seen it.
                writes_keys=only != "services",
            )
        try:
            changed |= deploy_services(
                targets,
                stable_s=stable_s,
                parallelism=parallelism,
                ask=ask,
                approved=_of_services(approved),
                saved=saved,
                precautions=precautions,
            )
        except PagesLost as lost:
            raise automatic_rollback.after(
                lost, environment, stable_s=stable_s, parallelism=parallelism
            ) from None
        problem = password.finish_after_deploy(targets.services)
        if problem:
            screen.warn(f"warning: {problem}")
    if changed:
        back_up_state(targets)


def _of_services(approved: ApprovedChanges) -> ApprovedChanges:
    """Without droplets, which are the other stack's."""
    return replace(approved, replace=(), destroy=(), moves=())


def _checked(environment: str, only: str) -> Targets:
    """The environment's stacks, once its checks and this machine's programs let a deploy begin."""
    with screen.doing() as say:
        checked = verdict(environment, only, say)
        for finding in checked.warnings:
            screen.warn(f"warning: {finding.obstacle.what}")
        found = [each.obstacle for each in checked.blocking]
        if any(each.rule == runner.SYNTHESIS for each in checked.blocking):
            _refuse(environment, [*found, *prerequisites.tools()])
        say(f"synthesizing {environment}")
        targets = targets_of(environment)
        _refuse(environment, [*found, *_tools(_stacks_to_deploy(targets, only))])
    return targets


def _require_current(saved: OpenedPlan, wanted: Sequence[Target]) -> None:
    """Refuses a plan that is out of date in any of its stacks before the first one is changed."""
    screen.err.print(Text(str(saved.about)))
    for target in wanted:
        saved.require_same_files(target)
    with screen.doing("comparing the plan with the state"):
        for target in wanted:
            if not saved.of(target.stack).missing:
                target.terraform.init()
                saved.require_fresh(target)


def _apply(
    target: Target,
    saved: OpenedPlan | None,
    *,
    approve: Approve,
    parallelism: int,
    approved: ApprovedChanges = ApprovedChanges(),
) -> bool:
    """Applies a new plan, or the saved one; says whether there was anything to do."""
    if saved is None:
        return apply(target, parallelism=parallelism, approve=approve, approved=approved)
    if not saved.of(target.stack).changes:
        return False
    file = saved.file_of(target.stack)
    return apply(target, parallelism=parallelism, approve=approve, approved=approved, planned=file)


def check_prerequisites(targets: Targets, only: str) -> None:
    """Refuses what is known to be missing before anything is changed, for a change that is smaller than a deploy."""
    wanted = _stacks_to_deploy(targets, only)
    nodes = access.found_in(targets.services.settings) if only != "services" else ()
    known = stack_outputs.names_from_cloud(targets.services.document, targets.cloud) if targets.cloud else []
    values = missing_values([t.document for t in wanted], deploys=targets.name, known=known)
    found = [*_tools(wanted), *(value.obstacle for value in values)]
    if targets.services in wanted and not targets.services.builds_images:
        found += prerequisites.unresolved(targets.services.wanted)
    found += [each.obstacle for each in nodes]
    _refuse(targets.name, found)


def _stacks_to_deploy(targets: Targets, only: str) -> list[Target]:
    """The stacks to deploy.

    Raises:
        WrongUse: the cloud stack of an environment that has none.
    """
    if only == "cloud":
        targets.needed_cloud("there is no such stack to deploy")
    return [t for t in targets.all if not only or only == ("cloud" if t.is_cloud else "services")]


def _tools(wanted: Sequence[Target]) -> list[Obstacle]:
    return list(prerequisites.tools(locks=any(t.state_file is None for t in wanted)))


def deploy_cloud(
    target: Target,
    *,
    parallelism: int,
    approve: Approve,
    approved: ApprovedChanges,
    saved: OpenedPlan | None = None,
) -> bool:
    """Applies the cloud stack and writes its host key to the file of known hosts; says whether anything was changed."""
    with screen.doing(f"terraform init of {target.stack}"):
        target.terraform.init()
        unfinished = failed_droplets.finish(target)
    for droplet in unfinished:
        screen.err.print(Text(str(droplet)))
    orphans.import_orphans(target, screen.err.print)
    if approved.moves:
        first = volume_migration.droplets_losing_volumes(
            target, approved.moves, parallelism=parallelism, client=Client()
        )
        if first:
            apply(target, parallelism=parallelism, approve=approve, approved=approved, targets=first)
    changed = _apply(target, saved, approve=approve, parallelism=parallelism, approved=approved)
    if not changed:
        screen.err.print(f"{target.stack}: nothing to change")
    screen.err.print(f"host key: {known_hosts.update_known_hosts(target)}")
    return changed


def deploy_services(
    targets: Targets,
    *,
    stable_s: float,
    parallelism: int,
    ask: Ask | None,
    approved: ApprovedChanges = ApprovedChanges(),
    saved: OpenedPlan | None = None,
    precautions: Precautions = Precautions(),
) -> bool:
    """Applies the services stack on nodes that are ready, waits until its services have converged, and watches its pages.

    Says whether anything was changed.

    Raises:
        PagesLost: a page that answered before does not after it.
    """
    with screen.doing() as say:
        say("checking this machine and the swarm")
        target = stack_outputs.with_cloud_outputs(targets)
        found = obstacles(target)
    _refuse(target.stack, found)
    if target.is_here:
        _start_swarm(target)
    if target.builds_images:
        build_images()
        target = target_of(target.name).given(target.variables)
        _refuse(target.stack, list(prerequisites.unresolved(target.wanted)))
        if saved:
            saved.require_same_files(target)
    target.terraform.init()
    if saved:
        saved.require_same_values(target)
    remove_leftovers(target, _tell_of_leftover)
    with target.swarm() as swarm:
        updates = began(swarm)
    with recorded(target, targets.cloud) as recording:
        observation = Observation(target, precautions.observe_s)
        approve = approval(target, ask, approved=approved)
        approve = pulling_first(target, approve, wanted=precautions.pull_ahead)
        approve = booting_first(target, approve, wanted=precautions.trial_boot)
        approve = admitting(target, approve)
        if precautions.copy_first:
            approve = copying_first(target, approve)
        approve = recording.begins_with(observation.begins_with(approve))
        changed = _apply(target, saved, approve=approve, parallelism=parallelism, approved=approved)
        if not changed:
            screen.err.print(
                "nothing to change" if targets.cloud is None else f"{target.stack}: nothing to change"
            )
        wait_for_convergence(target, stable_s, updates=updates)
        observation.conclude(recording, changed=changed)
    print_addresses(target)
    if changed:
        prune_nodes_after_deploy(target)
    return changed


def check_stores_first(target: Target) -> None:
    """Refuses a version of a store before the cloud is changed; the plan of the services comes after that.

    Raises:
        Refused: see :func:`store_steps.refuse`.
    """
    with screen.doing(f"terraform init of {target.stack}"):
        target.terraform.init()
        state = target.terraform.state()
    store_steps.refuse(target, state)


def _tell_of_leftover(what: str) -> None:
    screen.err.print(
        Text(
            f"{what}: left by an apply that did not finish; removed, and will be created again if it is needed"
        )
    )


def _refuse(name: str, found: Sequence[Obstacle]) -> None:
    if found:
        raise Refused(f"{name} cannot be deployed; nothing of it was changed", found)


def _start_swarm(target: Target) -> None:
    with target.swarm() as swarm:
        if local.ensure(swarm):
            screen.err.print("created a swarm on this machine; make purge removes it")
