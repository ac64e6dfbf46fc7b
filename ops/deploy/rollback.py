"""Goes back to an earlier release: the services as it had them, on the data and the secrets of now."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.text import Text

from layers.loading import load_environment
from layers.settings.environment import Environment
from ops.check.acknowledgement import acknowledged_changes
from ops.deploy.approval import Ask, approval
from ops.deploy.convergence import wait_for_convergence
from ops.deploy.preflight import obstacles
from ops.deploy.state_backup import back_up_state
from ops.errors import Refused, WrongUse
from ops.model.services import services_of
from ops.nodes.engines import engines
from ops.release import combination
from ops.release.archive import Archive, archive_of
from ops.release.recording import recorded
from ops.release.release import Outcome, Release, to_go_back_to
from ops.release.target import written
from ops.terminal import screen
from ops.terminal.amounts import span
from ops.terraform import stack_outputs
from ops.terraform.apply import ApprovedChanges, apply
from ops.terraform.target import Target, Targets

_LIST = "python -m ops releases --env {environment} lists them"


def rollback(
    environment: str,
    *,
    to: int | None,
    service: str,
    stable_s: float,
    parallelism: int,
    ask: Ask | None,
    asked_for: bool = True,
) -> None:
    """Deploys the services as an earlier release had them, and records that as a release of its own.

    Nothing is synthesized and no other commit is needed: the release itself has the stack. What it does not change:
    the cloud, generated secrets, volumes, and what is in databases.

    Args:
        to: number of the release; none for the last one that converged and asks for something else.
        service: the name of one service that goes back, with its files, while all others stay; empty for all.
        stable_s: services have converged when they have run the same tasks for so long.
        ask: asked after the plan was printed; without it nothing is asked.
        asked_for: see :func:`ops.release.recording.recorded`.

    Raises:
        WrongUse: there is no such release, or it failed.
        Refused: a store would get an older version, one service cannot go back alone, or something is missing. Nothing
            was changed.
        OpsError: it failed on the way; another run continues from there.
    """
    started = time.monotonic()
    waited = _Waited(ask)
    settings = load_environment(environment)
    with screen.doing() as say:
        say(f"reading the releases of {environment}")
        archive = archive_of(settings)
        releases = archive.releases()
        wanted = chosen(releases, to, environment)
        targets = targets_for(settings, archive, releases[-1], wanted, service)
        say("checking this machine and the swarm")
        target = stack_outputs.with_cloud_outputs(targets)
        found = obstacles(target)
    if found:
        raise Refused(f"{environment} cannot go back to release {wanted.number}; nothing was changed", found)
    for image in held_nowhere(target):
        screen.warn(f"warning: no node that answers has {image}: its registry must answer")
    what = f"release {wanted.number}" + (f" with {service}" if service else "")
    screen.err.print(Text(f"{what}: {wanted.at:%Y-%m-%d %H:%M} UTC, {wanted.short_commit}"))
    cause = f"rollback {f'of {service} ' if service else ''}to {wanted.number}"
    with recorded(target, targets.cloud, cause=cause, asked_for=asked_for) as recording:
        entries = tuple(acknowledged_changes(environment))
        approved = ApprovedChanges(acknowledged=entries, earlier_release=True)
        question = f"take {environment} back to {what}?"
        approve = recording.begins_with(approval(target, waited.ask, question=question, approved=approved))
        changed = apply(target, parallelism=parallelism, approve=approve, approved=approved)
        if not changed:
            screen.err.print("nothing to change")
        wait_for_convergence(target, stable_s)
    took = span(time.monotonic() - started - waited.seconds)
    if changed:
        screen.err.print(Text(f"{environment} is back at {what} after {took}"))
        screen.err.print(Text(_next(wanted)))
        back_up_state(targets)


def chosen(releases: Sequence[Release], to: int | None, environment: str) -> Release:
    """The release to go back to.

    Args:
        releases: oldest first.
        to: its number; none for the last one that converged and asks for something else.

    Raises:
        WrongUse: there is none, it is the one that runs, or it never ran as declared.
    """
    listing = _LIST.format(environment=environment)
    if not releases:
        raise WrongUse(
            f"{environment} has no releases yet: the next deploy records the first one",
            fix=f"deploy an earlier commit: git checkout COMMIT, then make up ENV={environment}",
        )
    if to is None:
        found = to_go_back_to(releases)
        if found is None:
            raise WrongUse(
                f"{environment} has no earlier release that converged and differs from the last one",
                fix=listing,
            )
        return found
    named = next((each for each in releases if each.number == to), None)
    if named is None:
        have = ", ".join(str(each.number) for each in releases)
        raise WrongUse(f"{environment} has no release {to}; there are {have}", fix=listing)
    if named is releases[-1] and named.converged:
        raise WrongUse(f"release {to} is the last one, so it runs already", fix=listing)
    if not named.converged:
        reason = f": {named.reason}" if named.outcome is Outcome.FAILED else ", its deploy did not end"
        raise WrongUse(f"release {to} of {environment} never ran as declared{reason}", fix=listing)
    return named


def targets_for(
    settings: Environment, archive: Archive, current: Release, wanted: Release, service: str
) -> Targets:
    """What is applied, written to where Terraform runs, and the cloud stack whose outputs it needs.

    Raises:
        Refused: the one service cannot go back alone.
        OpsError: a stack of the releases is missing.
    """
    now, old = archive.stack(current.services), archive.stack(wanted.services)
    document = (
        combination.one_service(now, old, service, number=wanted.number)
        if service
        else combination.whole(now, old)
    )
    cloud = archive.stack(current.cloud) if current.cloud else None
    return Targets(
        cloud=written(settings, settings.cloud_stack, cloud) if cloud else None,
        services=written(settings, settings.services_stack, document),
    )


def held_nowhere(target: Target) -> list[str]:
    """Images of the services that no node has, so that a task would have to pull them."""
    with engines(target) as connected:
        images = [raw for engine in connected for raw in engine.api.images()]
    held = {reference.partition("@")[2] for raw in images for reference in raw.get("RepoDigests") or []}
    wanted = {service.image for service in services_of(target.wanted)}
    return sorted(image.reference for image in wanted if image.digest not in held)


def _next(wanted: Release) -> str:
    back = f" (release {wanted.number} is of commit {wanted.short_commit})" if wanted.commit else ""
    return (
        "the files still ask for what was deployed before, so the next deploy goes forward again: "
        f"revert the change in git first{back}"
    )


class _Waited:
    """A question, and how long its answers took."""

    def __init__(self, ask: Ask | None) -> None:
        self.seconds = 0.0
        self._ask = ask

    @property
    def ask(self) -> Ask | None:
        """Asks; none where nothing is asked."""
        return self._timed if self._ask else None

    def _timed(self, question: str) -> bool:
        assert self._ask is not None
        began = time.monotonic()
        try:
            return self._ask(question)
        finally:
            self.seconds += time.monotonic() - began
