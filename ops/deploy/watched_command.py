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
from ops.errors import OpsError
from ops.model.changes import changes_of
from ops.release.recording import recorded
from ops.swarm.tasks import began
from ops.terraform.stack_outputs import with_cloud_outputs
from ops.terraform.target import Targets


def run(
    targets: Targets,
    words: Sequence[str],
    *,
    plan: Path,
    environment: Mapping[str, str],
    stable_s: float,
    observe_s: float,
    parallelism: int,
) -> None:
    """Copies the database before a migration, runs the program, waits until the services have converged, watches the pages, and records the release.

    Args:
        plan: what the program applies. It was approved before: nothing is asked here.
        environment: variables that the program gets besides those of this process.
        stable_s, observe_s, parallelism: see :func:`ops.deploy.deploy.deploy`.

    Raises:
        OpsError: the program failed, the services did not converge, or a page was lost and the services are back at the
            release before.
    """
    target = with_cloud_outputs(targets)
    target.terraform.init()
    planned = target.terraform.show(plan)
    with target.swarm() as swarm:
        updates = began(swarm)
    observation = Observation(target, observe_s)
    try:
        with recorded(target, targets.cloud) as recording:
            changes = changes_of(planned)
            if changes:
                recording.begins_with(observation.begins_with(copying_first(target, lambda _: True)))(planned)
            code = subprocess.run(words, env={**os.environ, **environment}, check=False).returncode
            if code:
                raise OpsError(f"{words[0]} ended with exit code {code}; its output is above")
            wait_for_convergence(target, stable_s, updates=updates)
            if changes:
                observation.watch()
    except PagesLost as lost:
        raise automatic_rollback.after(
            lost, targets.name, stable_s=stable_s, parallelism=parallelism
        ) from None
