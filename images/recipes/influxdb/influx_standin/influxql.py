"""The part of InfluxQL that this stand-in answers."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from influx_standin.duration import seconds
from influx_standin.points import NANOSECONDS
from influx_standin.problem import Problem

_SELECT = re.compile(
    r"^SELECT\s+(?P<what>.+?)\s+FROM\s+(?P<from>\S+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?P<desc>\s+ORDER\s+BY\s+time\s+DESC)?(?:\s+LIMIT\s+(?P<limit>\d+))?$",
    re.IGNORECASE | re.DOTALL,
)
_TIME = re.compile(r"^time\s*(>=|>|<=|<)\s*(?:now\(\)(?:\s*-\s*(\w+))?|(\d+)(ms|s|ns)?)$", re.IGNORECASE)
_TAG = re.compile(r"""^"?(\w+)"?(?:::tag)?\s*=\s*'([^']*)'$""")
_FIELD = re.compile(r'^(?:(count|sum|mean|min|max|first|last)\()?"?([\w*]+)"?\)?$', re.IGNORECASE)
UNITS = {"ns": 1, "ms": 1_000_000, "s": NANOSECONDS, "": 1}


@dataclass(frozen=True)
class Select:
    """A parsed SELECT: (function or empty, field) pairs; `*` is every field."""

    fields: tuple[tuple[str, str], ...]
    measurement: str
    start: int
    stop: int
    tags: tuple[tuple[str, str], ...]
    newest_first: bool
    limit: int


def parse_select(source: str) -> Select | None:
    """The statement as a SELECT, None where it is something else; 400 where it is more than is known here."""
    match = _SELECT.match(source.strip().rstrip(";"))
    if match is None:
        return None
    fields = tuple(_field(part.strip()) for part in match["what"].split(","))
    start, stop, tags = _where(match["where"] or "")
    measurement = match["from"].split(".")[-1].strip('"')
    return Select(fields, measurement, start, stop, tags, bool(match["desc"]), int(match["limit"] or 0))


def _field(text: str) -> tuple[str, str]:
    match = _FIELD.match(text)
    if match is None:
        raise unknown(text)
    return (match.group(1) or "").lower(), match.group(2)


def _where(text: str) -> tuple[int, int, tuple[tuple[str, str], ...]]:
    start, stop, now = 0, 1 << 62, time.time_ns()
    tags: list[tuple[str, str]] = []
    clauses = re.split(r"\s+AND\s+", text, flags=re.IGNORECASE) if text else []
    for clause in (part.strip(" ()") for part in clauses):
        moment, tag = _TIME.match(clause), _TAG.match(clause)
        if moment:
            at = _moment(moment, now)
            if moment.group(1).startswith(">"):
                start = max(start, at + (moment.group(1) == ">"))
            else:
                stop = min(stop, at + (moment.group(1) == "<="))
        elif tag:
            tags.append((tag.group(1), tag.group(2)))
        else:
            raise unknown(clause)
    return start, stop, tuple(tags)


def _moment(match: re.Match[str], now: int) -> int:
    if match.group(3):
        return int(match.group(3)) * UNITS[(match.group(4) or "").lower()]
    try:
        return now - int(seconds(match.group(2) or "0") * NANOSECONDS)
    except ValueError as error:
        raise unknown(match.group(0)) from error


def unknown(what: str) -> Problem:
    """400 that says what is known."""
    return Problem(
        "invalid",
        f"error parsing query: {what[:80]!r}: this stand-in knows SHOW DATABASES, SHOW MEASUREMENTS and SELECT with"
        " fields or one function, time and tag = 'value' in WHERE, ORDER BY time DESC, LIMIT",
    )
