"""Applies a stack: plan, apply with progress, the one allowed repetition, and what to say when it fails."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ops.errors import Interrupted, OpsError, Refused
from ops.guard.approvals import Approvals
from ops.guard.verdict import refusals
from ops.model.changes import ResourceChange, changes_of
from ops.model.noun import described
from ops.model.redact import scrubbed
from ops.model.services import TYPE as SERVICE
from ops.model.state import resources_of
from ops.swarm.tasks import TaskFailure, began, taken_back
from ops.terminal import screen
from ops.terraform import secrets, staleness
from ops.terraform.droplet_addresses import addresses_of
from ops.terraform.leftovers import remove_leftovers
from ops.terraform.missing_servers import missing_servers
from ops.terraform.progress import ApplyProgress
from ops.terraform.refused_plan import explained
from ops.terraform.runner import Outcome, TerraformFailed, encrypts
from ops.terraform.target import Target

_STOP_GRACE = re.compile(r"error on wait for container with ID '[^']*': .*context deadline exceeded")

Approve = Callable[[Mapping[str, Any]], bool]
"""Takes a plan's JSON and says whether it may be applied."""


def then(
    approve: Approve, step: Callable[[Mapping[str, Any]], object], *, each_time: bool = False
) -> Approve:
    """The same approval; once it is given, the step is taken before the apply begins.

    Args:
        each_time: also before a second apply, which asks for approval again (:func:`apply`): by then something has changed.
    """
    taken = False

    def approved(plan: Mapping[str, Any]) -> bool:
        nonlocal taken
        if not approve(plan):
            return False
        if each_time or not taken:
            step(plan)
            taken = True
        return True

    return approved


@dataclass(frozen=True, kw_only=True)
class ApprovedChanges(Approvals):
    """What was approved for an apply, and who is asked about data on this machine.

    Args:
        lose: takes a warning, and raises where nobody confirms that data on this machine is lost; without it none is.
    """

    lose: Callable[[str], None] | None = None


def apply(
    target: Target,
    *,
    approve: Approve = lambda plan: True,
    parallelism: int,
    destroy: bool = False,
    approved: ApprovedChanges = ApprovedChanges(),
    targets: Sequence[str] = (),
    renewed: Sequence[str] = (),
    planned: Path | None = None,
) -> bool:
    """Plans and applies; says whether there was anything to do.

    Args:
        renewed: addresses of generated secrets to replace.
        targets: Terraform addresses; nothing is applied but these and what they need. Empty: everything.
        planned: a saved plan with changes, to apply instead of making one.

    Raises:
        StateLocked: somebody else's operation runs; nothing was changed.
        Refused: the plan has a change that the guard stops and nobody approved by name, or the state has changed since it was made;
            nothing was changed.
        Interrupted: Ctrl-C; running operations have finished and are in the state.
        OpsError: it failed; says which service, why, and the last lines of its log.
    """
    chosen: set[str] | None = None
    for last in (False, True):
        droplets = () if last else approved.replace
        with (
            _given(target, planned)
            if planned and not last
            else new_plan(target, destroy, parallelism, droplets, targets, renewed=() if last else renewed)
        ) as (file, plan):
            if plan is None:
                if encrypts():
                    _rewrite_state(target, file)
                return last
            addresses = {change.address for change in changes_of(plan)}
            given = replace(approved, renewed=renewed, purges=destroy)
            _require_allowed(target, plan, given, more=addresses - chosen if chosen is not None else ())
            if not approve(plan):
                raise OpsError("not approved; nothing was changed")
            applied = _run(target, file, plan, parallelism)
            outcome = applied.outcome
            chosen = addresses
        if outcome.is_stale:
            raise staleness.refused(target.stack, plan, target.terraform.state())
        if outcome.interrupted:
            raise Interrupted("\n".join([_interrupted(target), *applied.cleaned]))
        if outcome.code == 0:
            return True
        if last or not only_stop_grace(outcome):
            raise OpsError(_explained(target, applied))
        screen.err.print(
            "  a task used its full stop grace period, which the provider reports as an error; applying again"
        )
    return True


def _require_allowed(
    target: Target, plan: Mapping[str, Any], approved: ApprovedChanges, *, more: Collection[str]
) -> None:
    """Refuses what the guard stops, and on the second apply what the first plan did not have.

    Args:
        more: addresses that only the second plan has.
    """
    found = refusals(plan, target.settings, approved)
    if found:
        raise Refused(f"the plan of {target.stack} is not applied; nothing was changed", found)
    if more:
        raise OpsError(
            f"{target.stack} is half applied, and what is left is more than was approved: "
            + ", ".join(sorted(more)),
            fix=f"see what has changed: python -m ops plan --env {target.name}",
        )


def _rewrite_state(target: Target, file: Path) -> None:
    """Applies a plan without changes: how a state is encrypted changes only when it is written."""
    outcome = target.terraform.apply(file, lambda event: None)
    if outcome.interrupted:
        raise Interrupted(_interrupted(target))
    if outcome.code:
        raise OpsError(_explained(target, Applied(outcome=outcome)))


def only_stop_grace(outcome: Outcome) -> bool:
    """Whether the one known error is all that went wrong.

    A task that uses its full stop grace ends a destroy or a replace with an error although the service is gone; on
    replace the new one is not created yet. A second apply solves both. Anything else is not repeated.
    """
    texts = [str(error) for error in outcome.errors]
    deleting = bool(outcome.errored) and all(action == "delete" for _, action in outcome.errored)
    return deleting and bool(texts) and all(_STOP_GRACE.search(text) for text in texts)


@contextmanager
def new_plan(
    target: Target,
    destroy: bool,
    parallelism: int,
    droplets: Collection[str] = (),
    targets: Sequence[str] = (),
    *,
    renewed: Sequence[str] = (),
) -> Iterator[tuple[Path, dict[str, Any] | None]]:
    """A plan in a private folder that is gone afterwards, since it holds secrets; no plan when nothing would change.

    Args:
        droplets: names of those to replace although nothing about them changes.
    """
    with tempfile.TemporaryDirectory(prefix="sprocket-plan-") as private:
        file = Path(private) / "plan"
        with screen.doing() as say:
            say(f"terraform plan of {target.stack}")
            terraform = target.terraform
            addresses = [*(addresses_of(terraform.state(), droplets) if droplets else []), *renewed]
            try:
                changes = terraform.plan(
                    file, destroy=destroy, replace=addresses, targets=targets, parallelism=parallelism
                )
            except TerraformFailed as error:
                raise explained(error) from None
            plan = target.terraform.show(file) if changes else None
        yield file, plan


@contextmanager
def _given(target: Target, file: Path) -> Iterator[tuple[Path, dict[str, Any] | None]]:
    """A plan that was made before."""
    yield file, target.terraform.show(file)


@dataclass(frozen=True, kw_only=True)
class Applied:
    """How an apply ended.

    Args:
        failures: the last failure of each service's tasks.
        missing: what each failed service may have missed, in a sentence.
        cleaned: what was done after it failed, in sentences.
    """

    outcome: Outcome
    failures: Mapping[str, TaskFailure] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    cleaned: tuple[str, ...] = ()


def _run(target: Target, file: Path, plan: Mapping[str, Any], parallelism: int) -> Applied:
    changes = changes_of(plan)
    if target.is_cloud:
        named = {change.address: described(change.address, change.values) for change in changes}
        with ApplyProgress(named, len(changes), screen.err, what="resources") as progress:
            return Applied(outcome=target.terraform.apply(file, progress, parallelism=parallelism))
    services = [change for change in changes if change.type == SERVICE]
    named = {change.address: _name(change) for change in services}
    updates = _updates_before(target)
    with ApplyProgress(named, len(changes), screen.err) as progress, target.watch() as watch:
        outcome = target.terraform.apply(file, progress, parallelism=parallelism)
    if not outcome.code:
        return Applied(outcome=outcome)
    # Before the clean-up, which removes services.
    missing = missing_servers(target, watch.reasons)
    cleaned = tuple(_cleaned(target, outcome, named, updates))
    return Applied(outcome=outcome, failures=watch.reasons, missing=missing, cleaned=cleaned)


def _updates_before(target: Target) -> dict[str, str]:
    """When the last update of each service began; nothing where the engine cannot be asked, which the apply will tell better."""
    try:
        with target.swarm() as swarm:
            return began(swarm)
    except OpsError:
        return {}


def _cleaned(
    target: Target, outcome: Outcome, named: Mapping[str, str], updates: Mapping[str, str]
) -> Iterator[str]:
    """Removes services that this run began to create and that did not converge, and rolls back updates that never ended.

    The provider writes a service to the state only when it has converged: stopped before that, it leaves one behind that the
    state does not know. It may call an update done that the swarm then takes back. And an update whose new tasks find no node
    waits for ever: the swarm rolls back only what fails.
    """
    created = {named[addr] for addr, action in outcome.unfinished if action == "create" and addr in named}
    updated = {named[addr] for addr, action in outcome.errored if action == "update" and addr in named}
    try:
        if created:
            removed = remove_leftovers(target, lambda each: None, services=created)
            yield from (f"{each}: removed, it had not converged yet" for each in removed)
        if outcome.interrupted:
            return
        with target.swarm() as swarm:
            for name in taken_back(swarm, named.values(), updates):
                yield f"service {name}: its update failed, the swarm goes back to its previous version"
            for service in swarm.services():
                if service.name in updated and service.update == "updating":
                    swarm.roll_back(service.id)
                    yield f"service {service.name}: rolled back to its previous version, its update did not finish"
    except OpsError as error:
        yield f"what this deploy had begun is left for the next one: {error.problem}"


def _name(change: ResourceChange) -> str:
    return str(change.values.get("name"))


def _interrupted(target: Target) -> str:
    resources = resources_of(target.terraform.state())
    services = sum(resource["type"] == "docker_service" for resource in resources)
    counts = f"{len(resources)} resources" + ("" if target.is_cloud else f", {services} of them services")
    off = "" if target.is_cloud else f", or switch it off: make down ENV={target.name}"
    return (
        f"interrupted: running operations finished, state is saved ({target.stack}: {counts})\n"
        f"  continue with make up ENV={target.name}{off}"
    )


def _explained(target: Target, applied: Applied) -> str:
    outcome = applied.outcome
    known = _known_secrets(target)
    lines = [f"terraform apply of {target.stack} failed"]
    lines += [f"  {line}" for error in outcome.errors for line in str(error).splitlines() if line.strip()]
    for service, failure in sorted(applied.failures.items()):
        times = f", {failure.count} times" if failure.count > 1 else ""
        lines.append(f"service {service}: its task {failure.reason}{times}")
        if service in applied.missing:
            lines.append(f"    {applied.missing[service]}")
        lines += [f"    {line}" for line in failure.log]
    if target.is_cloud:
        lines.append(f"what was created is in the state; continue with make up ENV={target.name}")
        return scrubbed("\n".join(lines), known)
    lines += applied.cleaned
    if any(action == "create" for _, action in outcome.errored):
        lines.append("a service that failed on its first start was removed")
    lines.append("the next deploy continues from here")
    return scrubbed("\n".join(lines), known)


def _known_secrets(target: Target) -> set[str]:
    try:
        return secrets.known_values(target.terraform.state()) | set(target.variables.values())
    except OpsError:
        return set(target.variables.values())
