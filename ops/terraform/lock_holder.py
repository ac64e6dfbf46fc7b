"""Who holds the lock of a state, read from Terraform's own error, and what to do about it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ops.errors import OpsError
from ops.terminal.amounts import moment, span

REFUSED = "Error acquiring the state lock"
"""Terraform's and OpenTofu's summary of the error, whichever the backend."""

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FIELD = re.compile(r"^[│\s]*(ID|Path|Operation|Who|Created|Error message):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_OPERATIONS = {
    "OperationTypeApply": "an apply",
    "OperationTypePlan": "a plan",
    "OperationTypeInvalid": "upgrade-engine or an open console",
    "": "an operation",
}
_PROGRAMS = ("terraform", "tofu")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process of this machine that has the lock, or works in that stack's folder."""

    id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class LockHolder:
    """What is written in a lock.

    Args:
        id: what ``terraform force-unlock`` wants.
        path: the state: a file, or the bucket and the object's name.
        operation: in Terraform's word, such as ``OperationTypeApply`` or ``state-rm``.
        who: user and machine.
        created: when it was taken, in seconds since 1970.
        reason: why the lock could not be taken, in the backend's words.
    """

    id: str
    path: str
    operation: str
    who: str
    created: float
    reason: str = ""

    @property
    def what(self) -> str:
        """The operation in words."""
        return _OPERATIONS.get(self.operation, f"terraform {self.operation.replace('-', ' ')}")

    @property
    def is_file(self) -> bool:
        """Whether the state is a file of this machine. The system releases its lock when the process that has it ends."""
        return Path(self.path).is_absolute() and Path(self.path).exists()

    def described(self, now: float | None = None) -> str:
        """Who has it, for what, and since when."""
        age = (time.time() if now is None else now) - self.created
        return f"{self.who} has held it for {self.what} since {moment(self.created)} ({span(age)})"

    def processes(self, stack: str, proc: Path = Path("/proc")) -> list[Process]:
        """Processes of this machine that have the lock of the file, or may have that of the object: those that run Terraform in a
        folder of that stack. Those of other users cannot be seen."""
        if self.is_file:
            return list(_locking(Path(self.path), proc))
        return [
            each
            for folder in proc.glob("[0-9]*")
            if (each := _process(folder)) and each.name in _PROGRAMS and _works_in(folder) == stack
        ]


class StateLocked(OpsError):
    """Terraform was refused because of the state's lock; it changed nothing."""

    def __init__(self, stack: str, holder: LockHolder) -> None:
        self.holder = holder
        processes = holder.processes(stack)
        lines = [f"the state of {stack} is locked, so nothing was changed: {holder.described()}"]
        lines += [f"  Terraform: {REFUSED}: {holder.reason or 'no reason given'}"]
        lines += [f"  on this machine: {each.name}, process {each.id}" for each in processes]
        fix = "wait until that has ended, then run the same command again"
        if not holder.is_file:
            environment = stack.rpartition("-")[0]
            fix += (
                f"; if it was killed or its machine is gone: python -m ops state unlock --env {environment}"
            )
        elif processes:
            fix += f"; to stop it cleanly: kill -INT {processes[0].id}"
        super().__init__("\n".join(lines), fix=fix)


def holder_in(text: str) -> LockHolder | None:
    """The holder of a lock that Terraform printed; none in a text about something else."""
    plain = _ANSI.sub("", text)
    found: dict[str, str] = dict(_FIELD.findall(plain))
    if "Lock Info:" not in plain or not found.get("ID"):
        return None
    return LockHolder(
        id=found["ID"],
        path=found.get("Path", ""),
        operation=found.get("Operation", ""),
        who=found.get("Who", "somebody"),
        created=_seconds(found.get("Created", "")),
        reason=found.get("Error message", ""),
    )


def _seconds(text: str) -> float:
    """Go prints nanoseconds and the zone twice; the lock is always in UTC."""
    match = _TIME.search(text.replace("T", " "))
    return datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp() if match else 0.0


def _locking(file: Path, proc: Path) -> Iterator[Process]:
    """Who has a lock on a file, from ``/proc/locks``: ``1: POSIX ADVISORY WRITE 4711 fe:00:393 0 EOF``."""
    try:
        inode = str(file.stat().st_ino)
        lines = (proc / "locks").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split()
        if len(words) > 5 and words[3] == "WRITE" and words[5].rpartition(":")[2] == inode:
            each = _process(proc / words[4])
            if each:
                yield each


def _process(folder: Path) -> Process | None:
    try:
        return Process(id=int(folder.name), name=(folder / "comm").read_text().strip())
    except (OSError, ValueError):
        return None


def _works_in(folder: Path) -> str:
    try:
        return (folder / "cwd").readlink().name
    except OSError:
        return ""
