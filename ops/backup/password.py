"""The password of the backups' repository: a new one is let in before the senders have it, others are shut out after all do.

restic keeps one key for each password, and each opens all copies: a new password neither changes a copy nor loses one.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from layers.backup.backups import PASSWORD
from ops.backup.jobs import jobs_of
from ops.backup.reasons import what_to_do
from ops.backup.world import SENDER, World, reached
from ops.errors import Obstacle, OpsError, Refused
from ops.lines import lines_in
from ops.model.changes import changes_of
from ops.model.file import template_of
from ops.model.inventory import Inventory
from ops.model.services import services_of
from ops.model.template import references_in
from ops.swarm.containers import Finished
from ops.terraform.target import Target

WRONG = 12
"""The exit code of restic where a password opens nothing."""
_GENERATED = "random_password."


@dataclass(frozen=True, kw_only=True)
class NewPassword:
    """What a plan gives to senders in place of another password.

    Args:
        generated: whether Terraform made it, so that nobody can have mistyped it.
    """

    value: str = field(repr=False)
    generated: bool


def files_with_password(wanted: Inventory) -> set[str]:
    """Addresses of the senders' files that hold it."""
    services = services_of(wanted)
    senders = {job.sender for job in jobs_of(services)}
    return {
        file.address
        for service in services
        if service.name in senders
        for file in service.files
        if file.at == PASSWORD
    }


def new_password(wanted: Inventory, plan: Mapping[str, Any]) -> NewPassword | None:
    """The password that a plan changes to; none where it leaves it, gives the first one, or does not know it yet."""
    files = files_with_password(wanted)
    for change in changes_of(plan):
        before, after = ((values or {}).get("data") for values in (change.before, change.after))
        if change.address in files and before and after and before != after:
            resource = next(each for each in wanted.of_type(change.type) if each.address == change.address)
            references = references_in(template_of(resource, wanted))
            return NewPassword(
                value=base64.b64decode(after).decode(),
                generated=all(each.startswith(_GENERATED) for each in references),
            )
    return None


def admit(target: Target, plan: Mapping[str, Any]) -> None:
    """Has the repository open with the password that a deploy gives to the senders, or refuses the deploy.

    A generated one that opens nothing is what an interrupted rotation left, and is let in. A supplied one that opens nothing is
    taken for a mistake: ``ops rotate`` is how to say that it is none.

    Raises:
        Refused: it opens nothing; nothing was changed.
        OpsError: a generated one cannot be let in.
    """
    new = new_password(target.wanted, plan)
    if new is None:
        return
    with reached(target) as world:
        if new.generated:
            let_in(world, new.value)
        elif _first_answer(world, "try_password", new.value, settled=(0, WRONG)).code == WRONG:
            raise Refused(
                f"{target.stack} cannot be deployed; nothing of it was changed",
                [
                    Obstacle(
                        what="the new value of restic-password does not open the backups",
                        fix="export the one that does; to have a new one: "
                        f"python -m ops rotate --env {target.name} restic-password",
                    )
                ],
            )


def check_senders(world: World) -> None:
    """Asks every sender whether its password opens the repository.

    Raises:
        Refused: one does not run, or on a node that does not answer, or it cannot use the bucket; nothing was changed.
    """
    found = []
    for sender in world.senders:
        answer = _ask(world, sender, "own_key")
        if answer.code:
            reason = _reason(answer)
            what = (
                f"restic-password: only a sender can add a key to the repository, and {sender} says: {reason}"
            )
            found.append(Obstacle(what=what, fix=what_to_do(reason, sender)))
    if found:
        raise Refused(f"nothing is rotated in {world.name}; nothing was changed", found)


def let_in(world: World, value: str) -> None:
    """Adds a key for a password, through the first sender that can; once, however often it is called.

    Raises:
        OpsError: none can.
    """
    answer = _first_answer(world, "add_key", value)
    if answer.code:
        reason = _reason(answer)
        raise OpsError(
            f"the repository of the backups did not get a key for the new restic-password: {reason}",
            fix=f"{what_to_do(reason, world.senders[0])}; then run make up ENV={world.name}, before anything else",
        )


def is_rotating(world: World) -> bool:
    """Whether a new password was let in and others were not shut out since."""
    return any(_ask(world, sender, "is_rotating").code == 0 for sender in world.senders)


def shut_others_out(world: World) -> None:
    """Leaves one key, that of the password which all senders have.

    Raises:
        OpsError: not all have the same, or one cannot be asked; no key was removed.
    """
    keys: dict[str, list[str]] = {}
    for sender in world.senders:
        answer = _ask(world, sender, "own_key")
        if answer.code:
            raise _still_open(world, f"{sender}: {_reason(answer)}")
        keys.setdefault(answer.output.strip(), []).append(sender)
    if len(keys) != 1 or "" in keys:
        groups = " and ".join(", ".join(names) for names in keys.values())
        raise _still_open(world, f"{groups} have different passwords")
    for sender in world.senders:  # each forgets that a rotation has begun
        answer = _ask(world, sender, "keep_own_key")
        if answer.code:
            raise _still_open(world, f"{sender}: {_reason(answer)}")


def finish_after_deploy(target: Target) -> str:
    """Ends a rotation that was interrupted, when all senders have the new password.

    Returns:
        Why it could not; empty where it could, or where there was none.
    """
    if not jobs_of(services_of(target.wanted)):
        return ""
    try:
        with reached(target) as world:
            if is_rotating(world):
                shut_others_out(world)
    except OpsError as error:
        return str(error)
    return ""


def _still_open(world: World, why: str) -> OpsError:
    return OpsError(
        f"the backups open with the new restic-password, and still with the old one: {why}",
        fix=f"when every sender runs, make up ENV={world.name} removes the old key",
    )


def _first_answer(world: World, verb: str, value: str, *, settled: Sequence[int] = (0,)) -> Finished:
    """Of the first sender whose answer has one of these codes; where none has, of the last."""
    answer = Finished(code=126, output=f"{world.name} has no sender of backups")
    for sender in world.senders:
        answer = _ask(world, sender, verb, value)
        if answer.code in settled:
            break
    return answer


def _ask(world: World, sender: str, verb: str, text: str = "") -> Finished:
    container = world.tasks.container(sender)
    if container is None:
        return Finished(code=126, output=f"no task of {sender} runs on a node that can be reached")
    return world.tasks.run_with_input(container, text, "/bin/sh", SENDER, verb)


def _reason(answer: Finished) -> str:
    lines = [line for line in lines_in(answer.output) if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else "it gave no reason"
