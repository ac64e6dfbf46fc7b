"""Tries the newest copy of each store: whether it can be read, and is what was copied."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ops.backup import side_by_side, trial
from ops.backup.jobs import Job
from ops.backup.listing import late
from ops.backup.side_by_side import Work
from ops.backup.snapshots import Snapshot, picked
from ops.backup.trial import Trial
from ops.backup.world import World
from ops.terminal.amounts import size, span
from ops.terminal.columns import columns
from ops.terminal.counted import counted
from ops.terminal.screen import Say

HEADER = ("store", "copy", "fetched in", "verified in", "loss window", "")


@dataclass(frozen=True, kw_only=True)
class Drilled:
    """What a drill found about one store.

    Args:
        trial: none where there was no copy to try.
        problems: why the store could not be restored as it should; empty where it could.
        loss_s: how much would be lost now, in seconds of writes.
        skips: why it is not copied, so that there is nothing to try; empty where it is.
    """

    store: str
    trial: Trial | None
    problems: tuple[str, ...]
    loss_s: float | None
    skips: str = ""

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "store": self.store,
            "trial": self.trial.as_data() if self.trial else None,
            "recovery_seconds": round(self.trial.seconds, 1) if self.trial else None,
            "loss_seconds": None if self.loss_s is None else round(self.loss_s),
            "problems": list(self.problems),
            "not_copied": self.skips or None,
        }

    @property
    def row(self) -> tuple[str, ...]:
        """See HEADER."""
        if self.skips:
            return (self.store, "-", "-", "-", "-", f"not copied: {self.skips}")
        if self.trial is None or self.loss_s is None:
            return (self.store, "-", "-", "-", "-", "not restored")
        return (
            self.store,
            f"{size(self.trial.snapshot.bytes)}, {self.trial.snapshot.id[:8]}",
            span(self.trial.fetch_s),
            span(self.trial.verify_s),
            span(self.loss_s),
            "differs" if self.trial.differences else f"equal in {counted(self.trial.things, 'line')}",
        )


@dataclass(frozen=True, kw_only=True)
class Drill:
    """What a drill found.

    Args:
        seconds: of all stores, which are tried side by side.
    """

    stores: tuple[Drilled, ...]
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether any store has a problem."""
        return any(each.problems for each in self.stores)

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "stores": [each.as_data() for each in self.stores],
            "seconds": round(self.seconds, 1),
            "failed": self.failed,
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield from columns([HEADER, *(each.row for each in self.stores)])
        yield ""
        for each in self.stores:
            yield from (f"  ! {each.store}: {problem}" for problem in each.problems)
        loss = max((each.loss_s for each in self.stores if each.loss_s is not None), default=None)
        yield f"recovery time: {span(self.seconds)}" + (
            "" if loss is None else f"; largest loss window: {span(loss)}"
        )


def drill(world: World, jobs: Sequence[Job], say: Say) -> Drill:
    """Fetches and verifies the newest copy of each store beside the running platform, and frees the disk again.

    Raises:
        OpsError: the bucket cannot be read.
    """
    began = side_by_side.now()
    snapshots = world.snapshots()
    works = {job.store: _tried(world, job, snapshots.get(job.store, ())) for job in jobs if not job.skips}
    trials, errors = side_by_side.side_by_side(works, say)
    seconds, now = side_by_side.now() - began, time.time()
    found = []
    for job in jobs:
        if job.skips:
            found.append(Drilled(store=job.store, trial=None, problems=(), loss_s=None, skips=job.skips))
            continue
        done = trials.get(job.store)
        copy = next(reversed(snapshots.get(job.store, ())), None)
        problems = [*(done.differences if done else ()), late(job, copy, now)]
        if job.store in errors:
            problems = [str(errors[job.store]), *(problems if copy else [])]
        found.append(
            Drilled(
                store=job.store,
                trial=done,
                problems=tuple(filter(None, problems)),
                loss_s=None if copy is None else now - copy.time,
            )
        )
    return Drill(stores=tuple(found), seconds=seconds)


def _tried(world: World, job: Job, snapshots: Sequence[Snapshot]) -> Work[Trial]:
    spool = world.spool(job)
    done = yield from trial.tried(spool, picked(snapshots, job.store, None))
    spool.drop_fetched()
    return done
