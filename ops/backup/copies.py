"""Makes copies of stores, and waits until they are in the bucket."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ops.backup import side_by_side
from ops.backup.jobs import Job
from ops.backup.reasons import what_to_do
from ops.backup.side_by_side import Work
from ops.backup.spool import LONGEST_S, Spool
from ops.backup.world import World
from ops.errors import OpsError
from ops.terminal.amounts import moment, size, span
from ops.terminal.screen import Say


@dataclass(frozen=True, kw_only=True)
class Copied:
    """A copy that is in the bucket.

    Args:
        time: when it was made, in seconds since 1970.
        bytes: of what was copied.
        seconds: from the request until it was in the bucket.
    """

    store: str
    time: float
    bytes: int
    seconds: float
    snapshot: str

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "store": self.store,
            "time": int(self.time),
            "bytes": self.bytes,
            "seconds": round(self.seconds, 1),
            "snapshot": self.snapshot,
        }

    @property
    def row(self) -> tuple[str, ...]:
        """Store, size, time it took, when it was made, snapshot."""
        return (self.store, size(self.bytes), span(self.seconds), moment(self.time), self.snapshot[:8])


def back_up(world: World, jobs: Iterable[Job], say: Say) -> tuple[dict[str, Copied], dict[str, OpsError]]:
    """Copies stores side by side, but for those with nothing to copy; copies and errors by store."""
    works = {job.store: copied(world.spool(job)) for job in jobs if not job.skips}
    return side_by_side.side_by_side(works, say)


def copied(spool: Spool) -> Work[Copied]:
    """Has a job make a copy and waits until its sender has sent it.

    Raises:
        OpsError: a service does not run, the copy failed, or the bucket does not take it.
    """
    job, began = spool.job, side_by_side.now()
    spool.check()
    answer = yield from spool.asked("copy")
    if answer.code:
        raise OpsError(
            f"{job.store}: not copied: {answer.reason}; the last copy is still there",
            fix=what_to_do(answer.reason, job.service),
        )
    made = int(spool.state("job")["copied"][0])
    while side_by_side.now() - began < LONGEST_S:
        found = spool.state("sender")
        sent, failed = found.get("sent", ()), found.get("send-failed", ())
        if len(sent) >= 3 and int(sent[0]) >= made:
            return Copied(
                store=job.store,
                time=float(sent[0]),
                bytes=int(sent[2]),
                seconds=side_by_side.now() - began,
                snapshot=sent[1],
            )
        if failed and int(failed[0]) >= made:
            reason = " ".join(failed[1:]) or "no reason given"
            raise OpsError(
                f"{job.store}: copied, and not sent: {reason}; {job.sender} tries again every minute",
                fix=what_to_do(reason, job.sender),
            )
        yield "sending"
    raise OpsError(f"{job.store}: copied, and not sent within {span(LONGEST_S)}")
