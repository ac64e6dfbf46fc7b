"""The report of a search for changes, for people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ops.drift.finding import Drift, DriftReport
from ops.terminal.counted import counted


def render(report: DriftReport) -> str:
    """What was changed, by where, each with what to do; then what could not be asked."""
    return "\n".join([_headline(report), *_found(report.drift), *_rest(report)]) + "\n"


def _headline(report: DriftReport) -> str:
    count = len(report.drift)
    found = f"{counted(count, 'change')} that no deploy made" if count else "no drift"
    if report.unasked:
        silent = f"{counted(len(report.unasked), 'part')} could not be asked"
        found = f"{found} in what was asked, but {silent}" if report.asked else f"nothing is known: {silent}"
    return f"{report.environment}: {found}"


def _found(drift: list[Drift]) -> Iterator[str]:
    for (place, where), group in groupby(drift, key=lambda each: (each.place, each.where)):
        same = list(group)
        when = next((each.changed for each in same if each.changed), "")
        yield f"  ! {where} ({place})" + (f", last changed {_moment(when)}" if when else "")
        for fix, alike in groupby(same, key=lambda each: each.fix):
            yield from (f"      {each.sentence}" for each in alike)
            if fix:
                yield f"      fix: {fix}"


def _rest(report: DriftReport) -> Iterator[str]:
    yield from (f"  ? not asked: {each}" for each in report.unasked)
    yield from (f"  - {note}" for note in report.notes)
    if report.asked:
        yield f"asked: {'; '.join(report.asked)}"


def _moment(text: str) -> str:
    """As the engine and DigitalOcean write it (RFC 3339, always UTC), to the second."""
    return f"{text[:10]} {text[11:19]} UTC" if len(text) > 18 else text
