"""Copies in the bucket."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.errors import OpsError, WrongUse
from ops.terminal.amounts import moment, size

LATEST = "latest"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One copy, as restic has it.

    Args:
        name: of its store, or ``state-<stack>``.
        time: when the copy was made, in seconds since 1970.
        bytes: of what was copied, before compression and deduplication.
        sent_s: how long sending took.
    """

    id: str
    name: str
    time: float
    bytes: int
    sent_s: float

    def __str__(self) -> str:
        return f"{moment(self.time)}, {size(self.bytes)}, snapshot {self.id[:8]}"

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "snapshot": self.id,
            "time": datetime.fromtimestamp(self.time, UTC).isoformat(timespec="seconds"),
            "bytes": self.bytes,
            "sent_seconds": round(self.sent_s, 1),
        }


def parsed(text: str) -> list[Snapshot]:
    """What ``restic snapshots --json`` printed, oldest first.

    Raises:
        OpsError: it is something else.
    """
    try:
        start = text.index("[")
        found = [_snapshot(raw) for raw in json.loads(text[start:])]
    except (ValueError, KeyError, TypeError, IndexError):
        raise OpsError(f"restic's list of snapshots cannot be read: {text.strip()[:200]!r}") from None
    return sorted(found, key=lambda snapshot: snapshot.time)


def by_name(snapshots: Iterable[Snapshot]) -> dict[str, list[Snapshot]]:
    """Copies of each store and state, oldest first."""
    found: dict[str, list[Snapshot]] = {}
    for snapshot in snapshots:
        found.setdefault(snapshot.name, []).append(snapshot)
    return found


def picked(snapshots: Sequence[Snapshot], name: str, at: float | None) -> Snapshot:
    """The newest copy, or the newest of the time ``at`` or before.

    Raises:
        OpsError: there is none.
    """
    if not snapshots:
        raise OpsError(
            f"the bucket has no copy of {name}",
            fix="make one: python -m ops backup; a bucket that had copies and is empty now is lost or another one",
        )
    fitting = [snapshot for snapshot in snapshots if at is None or snapshot.time <= at]
    if not fitting:
        raise OpsError(
            f"the bucket has no copy of {name} from {moment(at or 0)} or before",
            fix=f"the oldest is of {moment(snapshots[0].time)}",
        )
    return fitting[-1]


def time_of(text: str) -> float | None:
    """``latest`` as None, or an ISO 8601 date and time in seconds since 1970; UTC unless it has an offset.

    Raises:
        WrongUse: it is neither.
    """
    if text == LATEST:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUse(
            f"--at {text}: not a time", fix=f"use {LATEST}, or a time such as 2026-11-27T15:30 (UTC)"
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _snapshot(raw: Mapping[str, Any]) -> Snapshot:
    summary = raw.get("summary") or {}
    began, ended = (_moment(summary.get(f"backup_{edge}")) for edge in ("start", "end"))
    return Snapshot(
        id=str(raw["id"]),
        name=str((raw.get("tags") or [""])[0]),
        time=_moment(raw["time"]),
        bytes=int(summary.get("total_bytes_processed") or 0),
        sent_s=max(0.0, ended - began),
    )


def _moment(text: str | None) -> float:
    """Go writes nanoseconds, or fewer digits; Python 3.11 reads any number of them."""
    if not text:
        return 0.0
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
