"""The part of Flux that this stand-in answers. Anything else is refused by name, never guessed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from standin.line_protocol import Point

from influx_standin.duration import seconds
from influx_standin.points import NANOSECONDS
from influx_standin.problem import Problem

_STEP = re.compile(r"^(\w+)\s*\((.*)\)$", re.DOTALL)
_EQUAL = re.compile(r'^r(?:\.(\w+)|\["([^"]+)"\])\s*==\s*"([^"]*)"$')
_FUNCTION = re.compile(r"^fn:\s*\(r\)\s*=>\s*(.+)$", re.DOTALL)
AGGREGATES: dict[str, Callable[[list[Point]], list[Point]]] = {
    "first": lambda points: points[:1],
    "last": lambda points: points[-1:],
    "count": lambda points: [_counted(points)] if points else [],
}


@dataclass
class Query:
    """A parsed pipeline. `bucket` is empty for `buckets()`."""

    bucket: str
    start: int
    stop: int
    equals: list[tuple[str, str]]
    then: list[Callable[[list[Point]], list[Point]]]


def parse(source: str) -> Query:
    """Read a pipeline; 400 for what this stand-in does not know."""
    text = "\n".join(line for line in source.split("\n") if not line.strip().startswith("//")).strip()
    steps = [step.strip() for step in text.split("|>")]
    name, arguments = _call(steps[0])
    now = time.time_ns()
    if name == "buckets" and not arguments.strip():
        query = Query("", 0, now, [], [])
    elif name == "from":
        query = Query(_quoted(arguments, "bucket"), -1, now, [], [])
    else:
        raise _unknown(steps[0])
    for step in steps[1:]:
        _apply(query, step, now)
    if query.start < 0:
        raise Problem(
            "invalid",
            f"cannot submit unbounded read to \"{query.bucket}\"; try bounding 'from' with a call to 'range'",
        )
    return query


def _apply(query: Query, step: str, now: int) -> None:
    name, arguments = _call(step)
    if name == "range":
        found = dict(re.findall(r"(start|stop):\s*([^,]+)", arguments))
        if "start" not in found:
            raise Problem("invalid", "missing required argument start in call to range")
        query.start = _time(found["start"].strip(), now)
        query.stop = _time(found.get("stop", "now()").strip(), now)
    elif name == "filter":
        query.equals += _equals(arguments)
    elif name == "limit":
        match = re.fullmatch(r"n:\s*(\d+)", arguments.strip())
        if match is None:
            raise _unknown(step)
        count = int(match.group(1))
        query.then.append(lambda points: points[:count])
    elif name in AGGREGATES and not arguments.strip():
        query.then.append(AGGREGATES[name])
    elif name != "yield":
        raise _unknown(step)


def _equals(arguments: str) -> list[tuple[str, str]]:
    match = _FUNCTION.match(arguments.strip())
    if match is None:
        raise _unknown(f"filter({arguments})")
    found: list[tuple[str, str]] = []
    for clause in match.group(1).split(" and "):
        options = [_EQUAL.match(option.strip(" ()\n")) for option in clause.split(" or ")]
        pairs = [(m.group(1) or m.group(2), m.group(3)) for m in options if m]
        if len(pairs) < len(options) or len({column for column, _ in pairs}) != 1:
            raise _unknown(f"filter with {clause.strip()!r}")
        found += pairs
    return found


def _time(text: str, now: int) -> int:
    if text == "now()":
        return now
    if re.fullmatch(r"-?\d+", text):
        return int(text) * NANOSECONDS
    try:
        if text.startswith("-"):
            return now - int(seconds(text[1:]) * NANOSECONDS)
        return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * NANOSECONDS)
    except ValueError as error:
        raise Problem("invalid", f"{text!r} is no time: -1h, now(), seconds or RFC 3339 are known") from error


def _call(step: str) -> tuple[str, str]:
    match = _STEP.match(step)
    if match is None:
        raise _unknown(step)
    return match.group(1), match.group(2)


def _quoted(arguments: str, name: str) -> str:
    match = re.fullmatch(rf'\s*{name}:\s*"([^"]*)"\s*', arguments)
    if match is None:
        raise _unknown(f"from({arguments})")
    return match.group(1)


def _unknown(what: str) -> Problem:
    return Problem(
        "invalid",
        f"compilation failed: {what[:80]!r}: this stand-in knows from, buckets, range, filter by equality,"
        " first, last, count, limit, yield",
    )


def _counted(points: list[Point]) -> Point:
    last = points[-1]
    return Point(last.measurement, last.tags, last.field, len(points), last.time)
