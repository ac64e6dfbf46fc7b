"""What shows that a rotation is done: no old value is left in the swarm, servers accept the new ones and refuse the old ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from ops.model.state import resources_of
from ops.nodes.engines import engines
from ops.report.programs import programs_of
from ops.rotate.login import ANSWERS, Attempt, Logins, Verdict
from ops.rotate.secret import Secret
from ops.swarm.containers import Tasks
from ops.terminal import screen
from ops.terraform.target import Target
from ops.waiting import wait_until

ACCEPTED_WITHIN_S = 60.0
"""Until a server must accept the new value: RabbitMQ sets it after it has started."""


def holders_of(state: Mapping[str, Any], addresses: set[str]) -> dict[str, str]:
    """Names by id of the swarm's secrets that hold old values."""
    return {
        str(r["values"]["id"]): str(r["values"].get("name"))
        for r in resources_of(state)
        if r["address"] in addresses and r["values"].get("id")
    }


def still_held(target: Target, holders: Mapping[str, str]) -> Iterator[str]:
    """Secrets of the swarm that held an old value and are still there, so that a task may read them."""
    with target.swarm() as swarm:
        there = set(swarm.names("secret").values())
    for id_, name in holders.items():
        if id_ in there:
            yield f"the swarm still has secret {name}, which holds an old value"


def tried(
    target: Target,
    secrets: Sequence[Secret],
    rotated: Sequence[Secret],
    before: Mapping[str, str],
    after: Mapping[str, str],
) -> Iterator[str]:
    """Tries new and old values and prints each result; yields what is wrong."""
    programs = programs_of(target.wanted)
    with engines(target) as (swarm, *others), screen.doing() as say:
        logins = Logins(target, Tasks(swarm, *others), secrets)
        for secret in rotated:
            server = secret.rotation.server
            if server is None:
                screen.err.print(Text(f"  {secret.name}: rotated; not tried: {secret.rotation.untried}"))
                continue
            program = programs.get(ANSWERS[server])
            if program is not None and program.is_stand_in:
                screen.err.print(Text(f"  {secret.name}: rotated; not tried: {server} is a stand-in here"))
                continue
            say(f"trying {secret.name} at {server}")
            problem = judged(secret, *_both(logins, secret, before, after))
            if problem:
                yield problem
            else:
                screen.err.print(
                    Text(f"  {secret.name}: {server} accepts the new value and refuses the old one")
                )


def _both(
    logins: Logins, secret: Secret, before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[Attempt, Attempt]:
    """The answers to the new and to the old value. The new one first: its acceptance shows that the attempt works."""
    new = wait_until(
        lambda: logins.attempt(secret, after),
        ACCEPTED_WITHIN_S,
        done=lambda made: made.verdict is Verdict.ACCEPTED,
        interval_s=3,
    )
    return new, logins.attempt(secret, before)


def judged(secret: Secret, new: Attempt, old: Attempt) -> str:
    """What is wrong with the answers to both values; empty where they are as they must be."""
    server = secret.rotation.server
    if new.verdict is not Verdict.ACCEPTED:
        return f"{secret.name}: {server} does not accept the new value: {new.said}"
    if old.verdict is Verdict.ACCEPTED:
        return f"{secret.name}: {server} still accepts the old value"
    if old.verdict is not Verdict.REFUSED:
        return f"{secret.name}: it is unclear whether {server} refuses the old value: {old.said}"
    return ""
