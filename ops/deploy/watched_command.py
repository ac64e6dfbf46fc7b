"""Runs a program that applies a saved plan of the services, such as ``cdktf deploy``, with what a deploy does around its apply."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.deploy import automatic_rollback
from ops.deploy.convergence import wait_for_convergence
from ops.deploy.migration_copy import copying_first
from ops.deploy.observation import Observation, PagesLost
from ops.deploy.precautions import Precautions
from ops.deploy.pull_ahead import pulling_first
from ops.deploy.trial_boot import booting_first
from ops.errors import Interrupted, OpsError
from ops.model.changes import changes_of
from ops.release.recording import recorded
from ops.swarm.tasks import began
from ops.terminal import screen
from ops.terminal.interrupts import passing_on
from ops.terraform.target import Target, Targets


def run(
    targets: Targets,
    target: Target,
    words: Sequence[str],
    *,
    plan: Path,
    environment: Mapping[str, str],
    stable_s: float,
    precautions: Precautions,
    parallelism: int,
) -> None:
    """Pulls and boots new images, copies the database before a migration, runs the program, waits until the services have converged, watches the pages, and records the release.

    Args:
        target: the services stack, with what it needs from the cloud.
        plan: what the program applies. It was approved before: nothing is asked here.
        environment: variables that the program gets besides those of this process.
        stable_s, parallelism, precautions: see :func:`ops.deploy.deploy.deploy`.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, which the program got too; it has ended.
        OpsError: the program failed, the services did not converge, or a page was lost and the services are back at the
            release before.
    """
    target.terraform.init()
    planned = target.terraform.show(plan)
    with target.swarm() as swarm:
        updates = began(swarm)
    observation = Observation(target, precautions.observe_s)
    try:
        with recorded(target, targets.cloud) as recording:
            changes = changes_of(planned)
            if changes:
                approve = pulling_first(target, lambda _: True, wanted=precautions.pull_ahead)
                approve = booting_first(target, approve, wanted=precautions.trial_boot)
                if precautions.copy_first:
                    approve = copying_first(target, approve)
                recording.begins_with(observation.begins_with(approve))(planned)
            _run(words, environment)
            wait_for_convergence(target, stable_s, updates=updates)
            observation.conclude(recording, changed=bool(changes))
    except PagesLost as lost:
        raise automatic_rollback.after(
            lost, targets.name, stable_s=stable_s, parallelism=parallelism
        ) from None


def _run(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """In a group of its own, which gets the first signal and is waited for: what it runs must not lose its state."""
    interrupted: list[str] = []

    def told() -> None:
        interrupted.append("")
        screen.err.print("stopping: waiting for the running operations")

    with (
        subprocess.Popen(
            words, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, text=True, process_group=0
        ) as process,
        passing_on(process, told, group=True),
    ):
        code = process.wait()
    if interrupted:
        raise Interrupted("interrupted: what ran has ended; its output is above")
    if code:
        raise OpsError(f"{' '.join(words)} ended with exit code {code}; its output is above")
