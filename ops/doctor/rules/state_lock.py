"""A state that somebody has locked: no deploy can start."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.errors import Refused
from ops.terraform.missing_values import state_credentials


def held(facts: Facts) -> Iterator[Finding]:
    """The lock of each stack, where it is held.

    Raises:
        OpsError: a state cannot be reached.
    """
    for target in facts.targets.all:
        if lacking := list(state_credentials(target.document)):
            raise Refused("their state cannot be read", [each.obstacle for each in lacking])
        target.terraform.init()
        holder = target.terraform.lock_holder()
        if holder:
            processes = holder.processes(target.stack)
            yield Finding(
                kind="lock-held",
                about=f"state of {target.stack}",
                cause="somebody works on it"
                if processes
                else "somebody deploys now, or a killed deploy left its lock",
                evidence=(
                    holder.described(),
                    *(f"on this machine: {each.name}, process {each.id}" for each in processes),
                ),
                next=f"ps -fp {processes[0].id}" if processes else facts.ops("state unlock"),
            )
