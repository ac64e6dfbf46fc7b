"""What is in the bucket, and whether each store's last copy is young enough."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.backup.jobs import Job
from ops.backup.last_copy import LastCopy
from ops.backup.snapshots import Snapshot
from ops.backup.world import World
from ops.errors import OpsError
from ops.terminal.amounts import moment, size, span
from ops.terminal.columns import columns

GRACE_S = 2 * 3600.0
"""A copy is late when it is older than the time between two copies and this."""


@dataclass(frozen=True, kw_only=True)
class StoreBackups:
    """The copies of one store, or of one stack's state.

    Args:
        snapshots: oldest first.
        age_s: of the newest; ``None`` where there is none.
        copy_s: how long its copy took; ``None`` where nobody knows any more.
        problem: why it is not well; empty where it is.
        skips: why it is not copied; empty where it is.
    """

    name: str
    snapshots: tuple[Snapshot, ...]
    age_s: float | None
    copy_s: float | None
    problem: str
    skips: str = ""

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "age_seconds": None if self.age_s is None else round(self.age_s),
            "copy_seconds": self.copy_s,
            "problem": self.problem,
            "not_copied": self.skips or None,
            "snapshots": [snapshot.as_data() for snapshot in self.snapshots],
        }

    @property
    def row(self) -> tuple[str, ...]:
        """Name, number of copies, and of the last one its time, age, size and how long it took; then whether it is well."""
        if not self.snapshots or self.age_s is None:
            return (self.name, "0", "-", "-", "-", "-", self._verdict)
        last = self.snapshots[-1]
        took = f"{span(self.copy_s)} + " if self.copy_s is not None else ""
        return (
            self.name,
            str(len(self.snapshots)),
            moment(last.time),
            span(self.age_s),
            size(last.bytes),
            f"{took}{span(last.sent_s)}",
            self._verdict,
        )

    @property
    def _verdict(self) -> str:
        return f"not copied: {self.skips}" if self.skips else self.problem or "ok"


HEADER = ("store", "copies", "last", "age", "size", "copied + sent in", "")


def listed(world: World, jobs: Sequence[Job], *, states: bool) -> list[StoreBackups]:
    """The copies of these stores.

    Args:
        states: also those of Terraform's states; they are made by deploys, so none is late.

    Raises:
        OpsError: the bucket cannot be read.
    """
    snapshots, now = world.snapshots(), time.time()
    found = [_of_store(world, job, snapshots.get(job.store, ()), now) for job in jobs]
    if states:
        found += [
            StoreBackups(
                name=name, snapshots=tuple(copies), age_s=now - copies[-1].time, copy_s=None, problem=""
            )
            for name, copies in sorted(snapshots.items())
            if name.startswith("state-")
        ]
    return found


def late(job: Job, snapshot: Snapshot | None, now: float) -> str:
    """Whether a store's newest copy is missing or too old, in words; empty where it is neither."""
    if snapshot is None:
        return "no copy"
    age_s = now - snapshot.time
    return f"late: a copy is due every {span(job.every_s)}" if age_s > job.every_s + GRACE_S else ""


def lines(found: Sequence[StoreBackups], *, each: bool) -> Iterator[str]:
    """A table; with ``each`` also every copy."""
    yield from columns([HEADER, *(backups.row for backups in found)])
    if each:
        for backups in found:
            yield ""
            yield f"{backups.name}:"
            yield from columns(
                [(moment(copy.time), size(copy.bytes), copy.id[:8]) for copy in reversed(backups.snapshots)],
                indent="  ",
            )


def _of_store(world: World, job: Job, snapshots: Sequence[Snapshot], now: float) -> StoreBackups:
    last = snapshots[-1] if snapshots else None
    age_s = None if last is None else now - last.time
    if job.skips:
        return StoreBackups(
            name=job.store,
            snapshots=tuple(snapshots),
            age_s=age_s,
            copy_s=None,
            problem="",
            skips=job.skips,
        )
    try:
        spool = world.spool(job)
        of_job, of_sender = spool.state("job"), spool.state("sender")
        problem = _failure(of_job, of_sender) or late(job, last, now)
        copy_s = _copy_s(of_sender, last)
    except OpsError as error:
        problem, copy_s = error.problem, None
    return StoreBackups(
        name=job.store,
        snapshots=tuple(snapshots),
        age_s=age_s,
        copy_s=copy_s,
        problem=problem,
    )


def _failure(of_job: Mapping[str, Sequence[str]], of_sender: Mapping[str, Sequence[str]]) -> str:
    for name, found in (("copy failed", of_job.get("failed")), ("not sent", of_sender.get("send-failed"))):
        if found:
            return f"{name} {moment(float(found[0]))}: {' '.join(found[1:]) or 'no reason given'}"
    return ""


def _copy_s(of_sender: Mapping[str, Sequence[str]], last: Snapshot | None) -> float | None:
    """The spool knows it of the copy that was sent last only."""
    known = LastCopy.of(of_sender)
    return known.copy_s if last and known.snapshot and last.id.startswith(known.snapshot) else None
