"""Terraform's states in the backups: encrypted, in the same bucket as the stores.

A state holds every generated password, so it goes from Terraform's output to restic's input and touches no disk.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ops.backup.jobs import jobs_of
from ops.backup.snapshots import Snapshot, picked
from ops.backup.world import World, reached
from ops.errors import OpsError, Refused, WrongUse
from ops.model.services import services_of
from ops.terraform.missing_values import state_credentials
from ops.terraform.target import Target, Targets

PREFIX = "state-"


def name_of(target: Target) -> str:
    """Of a stack's state among the backups."""
    return PREFIX + target.stack


def back_up(world: World, targets: Sequence[Target]) -> list[str]:
    """Sends the state of each stack to the bucket; returns the names of those that were sent.

    Raises:
        Refused: the credentials of a state's bucket are missing.
        OpsError: a state cannot be read, or the bucket does not take it.
    """
    lacking = [value.obstacle for target in targets for value in state_credentials(target.document)]
    if lacking:
        raise Refused("the state cannot be read, so it was not backed up", lacking)
    sent = []
    for target in targets:
        target.terraform.init()
        content = target.terraform.pull()
        if content.strip():
            world.send_to_bucket("send_input", name_of(target), content=content.encode())
            sent.append(name_of(target))
    return sent


def back_up_after_deploy(targets: Targets) -> str:
    """The same after a deploy, which has done its work even where this fails.

    Returns:
        Why a state is not in the bucket; empty where it is, or where the environment has no backups.
    """
    if not jobs_of(services_of(targets.services.wanted)):
        return ""
    try:
        with reached(targets.services) as world:
            back_up(world, targets.all)
    except OpsError as error:
        return f"the new state is not in the backups: {error.problem}"
    return ""


def restore(world: World, name: str, at: float | None, into: Path) -> Snapshot:
    """Writes a state to a file that only its owner can read; the file must not exist.

    Raises:
        WrongUse: there is such a file, or no folder for it.
        OpsError: there is no such copy, or what came back is no state.
    """
    if not into.parent.is_dir():
        raise WrongUse(
            f"--into {into}: there is no folder {into.parent}", fix=f"create it first: mkdir -p {into.parent}"
        )
    if into.exists():
        raise WrongUse(
            f"--into {into}: exists", fix="name another file; a state is not written over another one"
        )
    snapshot = picked(world.snapshots().get(name, ()), name, at)
    content = world.send_to_bucket("print_file", name, snapshot.id)
    try:
        whole = isinstance(json.loads(content).get("serial"), int)
    except (ValueError, AttributeError):
        whole = False
    if not whole:
        raise OpsError(
            f"{name}: what came back is no state of Terraform; nothing was written",
            fix="choose an older one: python -m ops backup list says which there are, --at TIME takes it",
        )
    descriptor = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
    except OSError:
        with suppress(OSError):
            into.unlink()
        raise
    return snapshot
