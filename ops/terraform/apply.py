"""Applies a stack: plan, apply with progress, the one allowed repetition, and what to say when it fails."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import Interrupted, OpsError, Refused
from ops.model.changes import ResourceChange, changes_of
from ops.model.redact import scrubbed
from ops.model.services import TYPE as SERVICE
from ops.model.state import ids_in, resources_of
from ops.swarm.tasks import TaskFailure
from ops.terminal import screen
from ops.terraform import guard, secrets
from ops.terraform.progress import ApplyProgress
from ops.terraform.runner import Outcome, TerraformFailed, encrypts
from ops.terraform.target import Target

_STOP_GRACE = re.compile(r"error on wait for container with ID '[^']*': .*context deadline exceeded")

Approve = Callable[[Mapping[str, Any]], bool]
"""Takes a plan's JSON and says whether it may be applied."""


@dataclass(frozen=True, kw_only=True)
class ApprovedChanges:
    """What was approved by name: droplets to replace or to destroy, volumes to detach from their droplet."""

    replace: tuple[str, ...] = ()
    destroy: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()


def apply(
    target: Target,
    *,
    approve: Approve = lambda plan: True,
    parallelism: int,
    destroy: bool = False,
    approved: ApprovedChanges = ApprovedChanges(),
    targets: Sequence[str] = (),
    renewed: Sequence[str] = (),
) -> bool:
    """Plans and applies; says whether there was anything to do.

    Args:
        renewed: addresses of generated secrets to replace.
        targets: Terraform addresses; nothing is applied but these and what they need. Empty: everything.

    Raises:
        Refused: the plan would lose data, an address or a droplet that was not approved by name; nothing was changed.
        Interrupted: Ctrl-C; running operations have finished and are in the state.
        OpsError: it failed; says which service, why, and the last lines of its log.
    """
    for last in (False, True):
        replace = () if last else approved.replace
        with saved_plan(target, destroy, parallelism, replace, targets, renewed=() if last else renewed) as (
            file,
            plan,
        ):
            if plan is None:
                if encrypts():
                    _rewrite_state(target, file)
                return last
            found = guard.refusals(
                plan, replace=approved.replace, destroy=approved.destroy, moves=approved.moves
            )
            if found:
                raise Refused(f"the plan of {target.stack} is not applied; nothing was changed", found)
            if not approve(plan):
                raise OpsError("not approved; nothing was changed")
            outcome, failures = _run(target, file, plan, parallelism)
        if outcome.interrupted:
            raise Interrupted(_interrupted(target))
        if outcome.code == 0:
            return True
        if last or not only_stop_grace(outcome):
            raise OpsError(_explained(target, outcome, failures))
        screen.err.print(
            "  a task used its full stop grace period, which the provider reports as an error; applying again"
        )
    return True


def _rewrite_state(target: Target, file: Path) -> None:
    """Applies a plan without changes: how a state is encrypted changes only when it is written."""
    outcome = target.terraform.apply(file, lambda event: None)
    if outcome.interrupted:
        raise Interrupted(_interrupted(target))
    if outcome.code:
        raise OpsError(_explained(target, outcome, {}))


def only_stop_grace(outcome: Outcome) -> bool:
    """Whether the one known error is all that went wrong.

    A task that uses its full stop grace ends a destroy or a replace with an error although the service is gone; on
    replace the new one is not created yet. A second apply solves both. Anything else is not repeated.
    """
    texts = [str(error) for error in outcome.errors]
    deleting = bool(outcome.errored) and all(action == "delete" for _, action in outcome.errored)
    return deleting and bool(texts) and all(_STOP_GRACE.search(text) for text in texts)


@contextmanager
def saved_plan(
    target: Target,
    destroy: bool,
    parallelism: int,
    replace: Sequence[str] = (),
    targets: Sequence[str] = (),
    *,
    renewed: Sequence[str] = (),
) -> Iterator[tuple[Path, dict[str, Any] | None]]:
    """A plan in a private folder that is gone afterwards, since it holds secrets; no plan when nothing would change."""
    with tempfile.TemporaryDirectory(prefix="sprocket-plan-") as private:
        file = Path(private) / "plan"
        with screen.doing() as say:
            say(f"terraform plan of {target.stack}")
            terraform = target.terraform
            addresses = [*(guard.addresses_of(terraform.state(), replace) if replace else []), *renewed]
            try:
                changes = terraform.plan(
                    file, destroy=destroy, replace=addresses, targets=targets, parallelism=parallelism
                )
            except TerraformFailed as error:
                raise guard.explained(error) from None
            plan = target.terraform.show(file) if changes else None
        yield file, plan


def _run(
    target: Target, file: Path, plan: Mapping[str, Any], parallelism: int
) -> tuple[Outcome, dict[str, TaskFailure]]:
    changes = changes_of(plan)
    if target.is_cloud:
        named = {change.address: _described(change) for change in changes}
        with ApplyProgress(named, len(changes), screen.err, what="resources") as progress:
            return target.terraform.apply(file, progress, parallelism=parallelism), {}
    services = [change for change in changes if change.type == SERVICE]
    named = {change.address: _name(change) for change in services}
    with ApplyProgress(named, len(changes), screen.err) as progress, target.watch() as watch:
        outcome = target.terraform.apply(file, progress, parallelism=parallelism)
    if outcome.code:
        _remove_unfinished(target, {_name(change) for change in services if change.planned.makes})
    return outcome, watch.failures


def _remove_unfinished(target: Target, made: Collection[str]) -> None:
    """Removes services that this apply created but that did not converge.

    The provider writes a service to the state only when it has converged. Stopped before that, it leaves one behind that
    the state does not know, and the next apply would adopt it. A service of such a name that was there before would have
    been refused by the preflight.
    """
    known = ids_in(target.terraform.state())
    with target.swarm() as swarm:
        for service in swarm.services():
            if service.name in made and service.id not in known:
                swarm.remove_service(service.id)
                screen.err.print(f"  {service.name}: removed, it had not converged yet")
        swarm.wait_for_removed_tasks()


def _name(change: ResourceChange) -> str:
    return str(change.values.get("name"))


def _described(change: ResourceChange) -> str:
    """A resource of the cloud in words: its type and its name, or its id in the code."""
    name = change.values.get("name") or change.values.get("description") or change.address.partition(".")[2]
    return f"{change.type.split('_', 1)[1].replace('_', ' ')} {name}"


def _interrupted(target: Target) -> str:
    resources = resources_of(target.terraform.state())
    services = sum(resource["type"] == "docker_service" for resource in resources)
    counts = f"{len(resources)} resources" + ("" if target.is_cloud else f", {services} of them services")
    off = "" if target.is_cloud else f", or switch it off: make down ENV={target.name}"
    return (
        f"interrupted: running operations finished, state is saved ({target.stack}: {counts})\n"
        f"  continue with make up ENV={target.name}{off}"
    )


def _explained(target: Target, outcome: Outcome, failures: Mapping[str, TaskFailure]) -> str:
    known = _known_secrets(target)
    lines = [f"terraform apply of {target.stack} failed"]
    lines += [f"  {line}" for error in outcome.errors for line in str(error).splitlines() if line.strip()]
    for service, failure in sorted(failures.items()):
        times = f", {failure.count} times" if failure.count > 1 else ""
        lines.append(f"service {service}: its task {failure.reason}{times}")
        lines += [f"    {line}" for line in failure.log]
    if target.is_cloud:
        lines.append(f"what was created is in the state; continue with make up ENV={target.name}")
        return scrubbed("\n".join(lines), known)
    lines.append(
        "a service that failed on its first start was removed; an updated one runs its previous version"
    )
    return scrubbed("\n".join(lines), known)


def _known_secrets(target: Target) -> set[str]:
    try:
        return secrets.known_values(target.terraform.state()) | set(target.variables.values())
    except OpsError:
        return set(target.variables.values())
