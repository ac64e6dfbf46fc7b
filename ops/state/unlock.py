"""Takes over the lock of a state that a killed Terraform left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ops.errors import Obstacle, Refused
from ops.terraform.lock_holder import LockHolder
from ops.terraform.missing_values import state_credentials
from ops.terraform.target import Target, targets_of


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A state's lock that somebody has."""

    target: Target
    holder: LockHolder

    def __str__(self) -> str:
        return f"{self.target.stack}: {self.holder.described()}"


def locks(environment: str, say: Callable[[str], None]) -> list[Lock]:
    """The locks that are held, of both stacks of an environment.

    Raises:
        Refused: the states cannot be read without credentials that are not set.
        OpsError: a state cannot be reached.
    """
    say(f"synthesizing {environment}")
    targets = targets_of(environment).all
    lacking = {
        each.variable: each.obstacle for target in targets for each in state_credentials(target.document)
    }
    if lacking:
        raise Refused(f"the states of {environment} cannot be read", list(lacking.values()))
    found = []
    for target in targets:
        say(f"asking for the lock of {target.stack}")
        target.terraform.init()
        holder = target.terraform.lock_holder()
        if holder:
            found.append(Lock(target=target, holder=holder))
    return found


def require_abandoned(found: Sequence[Lock]) -> None:
    """Refuses to take over a lock whose holder is seen to live.

    Raises:
        Refused: a process of this machine has it, or may have it; or the lock is of a file, which nobody can take over.
    """
    living = [obstacle for lock in found for obstacle in _living(lock)]
    if living:
        raise Refused("no lock was removed", living)


def take_over(lock: Lock) -> None:
    """Removes a lock by its id: one that somebody took meanwhile stays."""
    lock.target.terraform.unlock(lock.holder.id)


def _living(lock: Lock) -> list[Obstacle]:
    processes = lock.holder.processes(lock.target.stack)
    found = [
        Obstacle(
            what=f"{lock}; here runs {each.name}, process {each.id}",
            fix=f"wait until it has ended; kill -INT {each.id} stops it cleanly, with its state saved",
        )
        for each in processes
    ]
    if lock.holder.is_file and not found:
        found.append(
            Obstacle(
                what=f"{lock}; it is a lock of the file {lock.holder.path}, and a process that you may not see has it",
                fix="wait until that has ended: the system releases its lock, nobody has to",
            )
        )
    return found
