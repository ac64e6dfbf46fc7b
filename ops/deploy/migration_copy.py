"""Copies the database before a new image migrates it: going back to the image does not bring the old schema back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from layers.platform.identity import identities_of
from ops.backup.copies import back_up
from ops.backup.world import reached
from ops.errors import OpsError
from ops.model.changes import ResourceChange, changes_of
from ops.model.services import TYPE as SERVICE
from ops.model.services import image_in
from ops.terminal import screen
from ops.terraform.apply import Approve, then
from ops.terraform.target import Target


def copying_first(target: Target, approve: Approve) -> Approve:
    """The same approval; once given, the database is copied where the plan migrates it."""
    return then(approve, partial(copy_before_migration, target))


def copy_before_migration(target: Target, plan: Mapping[str, Any]) -> None:
    """Copies each database whose migration gets another image, to the bucket, and waits until the copies are there.

    A migration that starts for the first time, or again after ``down``, has no running job that could copy: it is not awaited.

    Raises:
        OpsError: a copy cannot be made; nothing was changed.
    """
    migrations = migrated(target, plan)
    if not migrations:
        return
    with screen.doing("copying the database before its migration") as say, reached(target) as world:
        running = {service.name for service in world.swarm.services()}
        jobs = [job for job in world.jobs if migrations & set(job.clients)]
        awaited = [job for job in jobs if job.service in running and not job.skips]
        done, failed = back_up(world, awaited, say)
    if not jobs:
        screen.warn(
            f"warning: {' and '.join(sorted(migrations))}: no backup job has the database that is migrated"
        )
    for job in jobs:
        if job.store in done:
            screen.err.print(
                f"copied before {' and '.join(sorted(migrations))}: {'  '.join(done[job.store].row)}"
            )
        elif job not in awaited:
            why = job.skips or f"{job.service} does not run yet"
            screen.warn(f"warning: {job.store} is migrated without a copy: {why}")
    if failed:
        raise OpsError(
            "\n".join(["not copied before its migration; nothing was changed", *map(str, failed.values())]),
            fix="or deploy without it, where the last copy is good enough: --without-copy",
        )


def migrated(target: Target, plan: Mapping[str, Any]) -> set[str]:
    """Names of the migrations that run already and get another image."""
    names = {identity.service("migration") for identity in identities_of(target.settings)}
    return {
        str(change.values["name"])
        for change in changes_of(plan)
        if change.type == SERVICE and change.values.get("name") in names and _image_changes(change)
    }


def _image_changes(change: ResourceChange) -> bool:
    return (
        change.before is not None
        and change.after is not None
        and image_in(change.before) != image_in(change.after)
    )
