"""A run's result as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from ops.report.programs import STAND_IN, table
from ops.smoke import checks_addresses
from ops.smoke.outcome import Outcome, Status
from ops.smoke.result import Result
from ops.terminal.columns import columns

_CASE = re.compile(r"(?P<url>\S+) as (?P<person>.+)")
_MARKS = {Status.PASSED: "", Status.FAILED: "FAILED", Status.NOT_CHECKED: "not checked"}


def render(result: Result) -> str:
    """What was tested, the table of addresses, a line for each area, what was not checked, and each failure."""
    blocks = [
        [f"smoke test of {result.environment}, {result.seconds:.0f} s"],
        [f"  {what}: {which}" for what, which in result.tested.items()],
        list(_addresses(result)),
        list(columns([("area", "passed", "of them on stand-ins", "failed", "not checked"), *_areas(result)])),
        list(_not_checked(result.of(Status.NOT_CHECKED))),
        list(_failures(result.of(Status.FAILED))),
        list(table(result.programs)) if result.programs else [],
        [f"{result.passed} passed, {result.failed} failed"],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _areas(result: Result) -> Iterator[tuple[str, ...]]:
    for area in result.areas:
        counts = [
            sum(outcome.area == area and outcome.status is status for outcome in result.outcomes)
            for status in (Status.PASSED, Status.FAILED, Status.NOT_CHECKED)
        ]
        passed, failed, skipped = (str(count or "") for count in counts)
        standing = sum(
            each.area == area and each.status is Status.PASSED and each.ran == STAND_IN
            for each in result.outcomes
        )
        yield area, passed, str(standing or ""), failed, skipped


def _addresses(result: Result) -> Iterator[str]:
    """Address by person, with the status of the last answer; failed ones are marked."""
    cells: dict[str, dict[str, str]] = {}
    ran: dict[str, str] = {}
    for outcome in result.outcomes:
        match = _CASE.fullmatch(outcome.name)
        if outcome.area == checks_addresses.AREA and match:
            cells.setdefault(match["url"], {})[match["person"]] = _cell(outcome)
            ran[match["url"]] = outcome.ran
    people = list(dict.fromkeys(person for row in cells.values() for person in row))
    if cells:
        rows = [
            (url, *(row.get(person, "") for person in people), ran[url]) for url, row in sorted(cells.items())
        ]
        yield from columns([("address", *people, "program"), *rows])


def _cell(outcome: Outcome) -> str:
    if outcome.status is Status.PASSED:
        return f"{outcome.expected} {outcome.found}"
    return _MARKS[outcome.status]


def _not_checked(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Grouped by reason."""
    if outcomes:
        yield "not checked here"
    for reason, group in groupby(sorted(outcomes, key=lambda each: each.found), key=lambda each: each.found):
        names = [f"{outcome.area}: {outcome.name}" for outcome in group]
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        yield f"  {reason}: {shown}"


def _failures(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        yield f"FAILED {outcome.area}: {outcome.name}{f' ({outcome.ran})' if outcome.ran else ''}"
        yield f"  expected: {outcome.expected}"
        yield f"  found:    {outcome.found}"
        if outcome.fix:
            yield f"  look at:  {outcome.fix}"
