"""The steps of a change of version: what each does, and which of them the services are away for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layers.data.upgrades import Comparison, Way
from ops.backup.last_copy import LastCopy
from ops.terminal.amounts import moment, size, span
from ops.upgrade.change import COMMAND, Change
from ops.upgrade.directories import Found

MARGIN_S = 20
"""For tasks to be made and found."""


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What a change of version is about to do.

    Args:
        found: what a server with directories of its own says.
        loads: whether a copy is loaded into an empty server.
        goes_on: whether an earlier run has started the version gone to already.
        gives_up: whether an earlier run is given up.
        away_s: an estimate of how long services are away, from how long the last copy took.
    """

    change: Change
    found: Found | None
    stops: Sequence[str]
    loads: bool
    goes_on: bool
    gives_up: bool
    away_s: float
    last_copy: LastCopy

    def lines(self, environment: str) -> Iterator[str]:
        """For people."""
        change = self.change
        yield f"{change.store} in {environment}: {change}"
        if change.step is not None:
            yield f"  {change.step.why}"
        if change.entry is not None:
            yield f"  acknowledged until {change.entry.until}: {change.entry.reason}"
        if self.found is not None:
            for major, count in sorted(self.found.bytes.items()):
                used = ", has the data" if major == self.found.uses else ""
                yield f"  directory of {major}: {size(count)}{used}"
            yield f"  its disk has {size(self.found.free)} free"
        yield f"  last copy: {_last_copy(self.last_copy)}"
        yield from (f"  {number}. {step}" for number, step in enumerate(self._steps(), 1))
        stopped = ", ".join(self.stops) or "no service"
        yield f"away meanwhile, for about {span(self.away_s)}: {stopped}"
        if not self.gives_up:
            yield f"the way back: {way_back(change, environment)}"

    def _steps(self) -> Iterator[str]:
        change = self.change
        if self.goes_on or self.gives_up:
            yield f"stop {', '.join(self.stops) or 'nothing'}"
            if self.gives_up:
                yield f"start {change.after}, which still has the data; what the other version has got so far is left"
            else:
                yield "fetch the copy that an earlier run was about to load, load it, compare every table with it, and open to clients"
            yield "start what was stopped, and wait until all of it runs"
            return
        if not change.is_back:
            yield "copy it to the bucket while everything runs, fetch the copy, and compare it with what was copied"
        yield f"stop {', '.join(self.stops) or 'nothing'}"
        yield "copy it once more" + ("" if change.is_back else ", and fetch and compare that copy")
        if change.way is Way.LOAD:
            beside = f"beside the one of {change.before.name}, which stays"
            if self.loads:
                yield f"start {change.after} with a directory of its own, {beside}, closed to clients"
                yield "load the copy, compare every table with it, and open to clients"
            else:
                yield f"start {change.after} with the directory that it had, and open to clients"
        elif change.is_back:
            yield f"set the directory of {change.before} aside, start {change.after} with an empty one, and load the copy"
        else:
            yield f"start {change.after}, which converts its data"
            yield _compares(change.program.compares)
        yield f"start what was stopped, and wait until all of it runs; a deploy does whatever else {change.server.name}'s files changed"


def way_back(change: Change, environment: str) -> str:
    """How to undo it."""
    command = f"{COMMAND} --env {environment} --store {change.store}"
    files = f"name the image of {change.before.version} in the files again, with its acknowledgement, then run {command}"
    if change.is_back:
        return f"name the newer version in the files again, then run {command}"
    if change.way is Way.LOAD:
        return f"{files}; its directory stays as it was, and what is written from now on is lost then"
    return f"{files} --at TIME, of a copy from before; what is written from now on is lost then"


def away_s(last: LastCopy, change: Change, *, loads: bool) -> float:
    """About how long services are away, in seconds, from how long the last copy took."""
    copy_s, send_s = last.copy_s or 0.0, last.send_s or 0.0
    # Copied, sent, fetched and read once; then loaded, or copied again by the new version.
    return 3 * copy_s + 2 * send_s + (2 * copy_s if loads else 0.0) + change.server.away_s + MARGIN_S


def _last_copy(last: LastCopy) -> str:
    if last.sent is None or last.bytes is None:
        return "none yet"
    return f"{moment(last.sent)}, {size(last.bytes)}"


def _compares(comparison: Comparison) -> str:
    if comparison is Comparison.NOTHING:
        return "wait until it is healthy; what it has is not compared, since the copy is its own file"
    return f"copy it with the new version, and compare both copies: {comparison}"
