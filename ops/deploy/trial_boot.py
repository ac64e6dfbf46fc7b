"""Boots the new images of a plan beside the platform, between its approval and its first change."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from rich.text import Text

from ops.boot import memory
from ops.boot.container import ThrowawayValues
from ops.boot.needs import Needs
from ops.boot.new_images import NewImage, new_images
from ops.boot.outcome import Verdict
from ops.boot.run import Run
from ops.boot.throwaway import Throwaway, remove_leftovers
from ops.errors import Obstacle, OpsError, Refused
from ops.registry.image_lock import logins_of
from ops.registry.login import Logins
from ops.registry.pull import ENGINE_ERRORS
from ops.swarm.engine import Swarm
from ops.terminal import screen
from ops.terminal.counted import counted
from ops.terraform.apply import Approve, then
from ops.terraform.target import Target

FLAG = "--no-trial-boot"


def booting_first(target: Target, approve: Approve, *, wanted: bool = True) -> Approve:
    """Once a plan is approved, refuses it where one of its new images does not boot.

    Args:
        wanted: whether to boot anything; without it a warning says so.
    """

    def boot(plan: Mapping[str, Any]) -> None:
        if wanted:
            require_booted(target, plan)
        else:
            screen.warn(f"warning: {FLAG}: new images replace running ones without having been booted")

    return then(approve, boot)


def require_booted(target: Target, plan: Mapping[str, Any]) -> None:
    """Boots each image of a plan that does not run yet, on the engine that the deploy talks to, and prints what came of it.

    Nothing that runs is touched: see docs/decisions/0026-a-new-image-is-booted-first.md.

    Raises:
        Refused: an image does not boot; nothing was changed.
        OpsError: the engine failed on the way.
    """
    try:
        with target.swarm() as swarm:
            verdicts = _verdicts(target, plan, swarm)
    except OpsError as error:
        raise OpsError(
            f"the trial boot of new images did not come to its end, so nothing was changed: {error.problem}",
            fix=f"{error.fix or 'deploy again'}; {FLAG} deploys without it",
        ) from None
    except ENGINE_ERRORS as error:
        raise OpsError(
            f"the trial boot of new images did not come to its end, so nothing was changed: "
            f"{target.settings.engine.host}: {error or type(error).__name__}",
            fix=f"deploy again; {FLAG} deploys without it",
        ) from None
    refused = [each for each in verdicts if each.is_refused]
    if refused:
        raise Refused(
            f"{target.name} is not deployed, nothing was changed: "
            f"{counted(len(refused), 'new image')} did not pass the trial boot",
            [_obstacle(each) for each in refused],
        )


def _verdicts(target: Target, plan: Mapping[str, Any], swarm: Swarm) -> list[Verdict]:
    if left := remove_leftovers(swarm.api):
        screen.err.print(Text(f"{counted(left, 'object')} of a trial boot that was cut off: removed"))
    needs = Needs(target.wanted)
    images = new_images(plan, needs.services.values(), swarm.services())
    return _booted(target, swarm, needs, images) if images else []


def _booted(target: Target, swarm: Swarm, needs: Needs, images: Sequence[NewImage]) -> list[Verdict]:
    try:
        memory.spare(target)
    except OpsError as error:
        screen.warn(f"warning: new images are not booted first: {error.problem}")
        return []
    names = needs.world_of(each.service.name for each in images)
    others = len(names) - len(images)
    beside = f", with {counted(others, 'throwaway service')} that they need" if others else ""
    screen.err.print(Text(f"trial boot of {counted(len(images), 'service')} with a new image{beside}"))
    with (
        screen.doing("trial boot") as say,
        Throwaway(
            swarm.api,
            [needs.services[name] for name in names],
            ThrowawayValues(target.wanted),
            Logins(logins_of(target.name, os.environ)),
            say=say,
        ) as throwaway,
    ):
        spare = partial(memory.spare, target)
        return Run(throwaway, needs, images, spare=spare, say=say, tell=_tell).verdicts()


def _tell(verdict: Verdict) -> None:
    style = "red" if verdict.is_refused else "" if verdict.has_passed else "yellow"
    screen.err.print(Text(f"  {verdict.line}", style=style))


def _obstacle(verdict: Verdict) -> Obstacle:
    lines = [verdict.line]
    if verdict.control:
        lines.append(f"    the image that runs now, booted in the same place: {verdict.control.what}")
    if verdict.outcome and verdict.outcome.log:
        lines += ["    its last lines:", *(f"      {line}" for line in verdict.outcome.log)]
    return Obstacle(
        what="\n".join(lines),
        fix=f"correct the image or what the service gives it; {FLAG} deploys all the same",
    )
