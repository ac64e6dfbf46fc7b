"""Writing and reading points."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from standin.line_protocol import Point

from influx_standin.problem import Problem
from influx_standin.store import Store

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Selection:
    """Which points to read; times in nanoseconds, the end excluded."""

    bucket: str
    start: int
    stop: int
    equals: tuple[tuple[str, str], ...] = ()
    """(column, value): `_measurement`, `_field` or a tag. Several values of one column are alternatives."""


def write(store: Store, bucket: str, retention: int, points: list[Point]) -> None:
    """Keep the points; 422 when some are older than the bucket's retention (the others are kept)."""
    oldest = time.time_ns() - retention * NANOSECONDS if retention else None
    kept = [p for p in points if oldest is None or p.time >= oldest]
    rows = [(bucket, p.measurement, json.dumps(p.tags), p.field, p.time, json.dumps(p.value)) for p in kept]
    with store.transaction() as db:
        db.executemany("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?)", rows)
    if len(kept) < len(points):
        dropped = len(points) - len(kept)
        raise Problem(
            "unprocessable entity",
            f"failure writing points to database: partial write: points beyond retention policy dropped={dropped}",
        )


def read(store: Store, selection: Selection) -> list[Point]:
    """The points, ordered by series and time."""
    sql = (
        "SELECT measurement, tags, field, value, time FROM points WHERE bucket = ? AND time >= ? AND time < ?"
    )
    values: list[object] = [selection.bucket, selection.start, selection.stop]
    wanted: dict[str, list[str]] = {}
    for column, value in selection.equals:
        wanted.setdefault(column, []).append(value)
    for column in ("_measurement", "_field"):
        if column in wanted:
            options = wanted.pop(column)
            sql += f" AND {column[1:]} IN ({', '.join('?' * len(options))})"
            values += options
    sql += " ORDER BY measurement, tags, field, time"
    points = [
        Point(row[0], tuple((k, v) for k, v in json.loads(row[1])), row[2], json.loads(row[3]), row[4])
        for row in store.rows(sql, *values)
    ]
    return [p for p in points if all(dict(p.tags).get(tag) in options for tag, options in wanted.items())]


def forget_old(store: Store) -> int:
    """Delete what is older than its bucket's retention; how many points that were."""
    with store.transaction() as db:
        count = db.execute(
            "DELETE FROM points WHERE bucket IN (SELECT id FROM buckets WHERE retention > 0) AND time <"
            " ? - (SELECT retention FROM buckets WHERE id = points.bucket) * ?",
            (time.time_ns(), NANOSECONDS),
        ).rowcount
    return int(count)
