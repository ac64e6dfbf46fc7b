"""Fetches copies and reads each into a server of its own: whether it is what was copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ops.backup import manifest, side_by_side
from ops.backup.side_by_side import Work
from ops.backup.snapshots import Snapshot
from ops.backup.spool import Spool
from ops.errors import OpsError


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A copy that was fetched and read.

    Args:
        request: id of the request that fetched it.
        things: lines of its manifest.
        differences: from its manifest; empty where it is whole.
    """

    snapshot: Snapshot
    request: str
    things: int
    differences: tuple[str, ...]
    fetch_s: float
    verify_s: float

    @property
    def seconds(self) -> float:
        """Until its data could be used."""
        return self.fetch_s + self.verify_s

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            **self.snapshot.as_data(),
            "fetch_seconds": round(self.fetch_s, 1),
            "verify_seconds": round(self.verify_s, 1),
            "things": self.things,
            "differences": list(self.differences),
        }


def tried(spool: Spool, snapshot: Snapshot) -> Work[Trial]:
    """Fetches a copy and compares what a server of its own reads from it with the manifest that was made with it.

    Raises:
        OpsError: it was not fetched. One that no server can read is a difference.
    """
    began = side_by_side.now()
    spool.check()
    request = yield from spool.fetched(snapshot)
    fetched = side_by_side.now()
    trial = yield from verified(spool, snapshot, request)
    return replace(trial, fetch_s=fetched - began)


def verified(spool: Spool, snapshot: Snapshot, request: str) -> Work[Trial]:
    """The same for a copy that was fetched before."""
    began = side_by_side.now()
    answer = yield from spool.asked("verify")
    recorded = spool.manifest()
    found = (
        [f"the copy cannot be read: {answer.reason}"]
        if answer.code
        else manifest.differences(recorded, answer.lines)
    )
    return Trial(
        snapshot=snapshot,
        request=request,
        things=len(recorded),
        differences=tuple(found),
        fetch_s=0.0,
        verify_s=side_by_side.now() - began,
    )


def broken(trials: Mapping[str, Trial]) -> OpsError | None:
    """The error about copies that are not what was copied, if there are any."""
    lines = [f"{store}: {line}" for store, trial in trials.items() for line in trial.differences]
    return (
        OpsError(
            "\n  ".join(["the copy is not what was copied; nothing was changed", *lines]),
            fix="choose an older one: python -m ops backup list says which there are, --at TIME takes it",
        )
        if lines
        else None
    )
