"""Flux results as CSV, one table per series."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from standin.line_protocol import Point, Value

from influx_standin.flux import Query

Table = tuple[list[str], list[str], list[list[str]]]
"""(columns, datatypes, rows)"""


def render(tables: Iterable[Table], annotations: list[str], *, header: bool) -> bytes:
    """The CSV answer; tables with other columns stand apart, with their own annotations and header."""
    out = io.StringIO()
    writer = csv.writer(out)
    before: list[str] | None = None
    for number, (columns, types, rows) in enumerate(tables):
        if columns != before:
            if before is not None:
                out.write("\r\n")
            _head(writer, columns, types, annotations, header=header)
            before = columns
        for row in rows:
            writer.writerow(["", "" if "default" in annotations else "_result", number, *row])
    return (out.getvalue() + "\r\n").encode() if before is not None else b"\r\n"


def _head(writer: Any, columns: list[str], types: list[str], annotations: list[str], *, header: bool) -> None:
    group = [
        "true" if c in ("_start", "_stop", "_field", "_measurement") or c[0] != "_" else "false"
        for c in columns
    ]
    lines = {
        "datatype": ["#datatype", "string", "long", *types],
        "group": ["#group", "false", "false", *group],
        "default": ["#default", "_result", "", *[""] * len(columns)],
    }
    for name in annotations:
        if name in lines:
            writer.writerow(lines[name])
    if header:
        writer.writerow(["", "result", "table", *columns])


def series_tables(query: Query, points: list[Point]) -> Iterable[Table]:
    """One table for each measurement, tag set and field, after the pipeline's later steps."""
    for _, group in groupby(points, key=lambda p: (p.measurement, p.tags, p.field)):
        kept = list(group)
        for step in query.then:
            kept = step(kept)
        if kept:
            yield _table(query, kept)


def _table(query: Query, points: list[Point]) -> Table:
    tags = dict(points[0].tags)
    columns = ["_start", "_stop", "_time", "_value", "_field", "_measurement", *tags]
    date = "dateTime:RFC3339"
    types = [date, date, date, _type(points[0].value), *["string"] * (2 + len(tags))]
    ends = [rfc3339(query.start), rfc3339(query.stop)]
    rows = [[*ends, rfc3339(p.time), _text(p.value), p.field, p.measurement, *tags.values()] for p in points]
    return columns, types, rows


def bucket_table(buckets: list[tuple[str, str, str, int]]) -> Iterable[Table]:
    """The answer to `buckets()`: rows of (name, id, organization id, retention in seconds)."""
    columns = ["name", "id", "organizationID", "retentionPeriod"]
    rows = [[name, ident, org, str(retention * 1_000_000_000)] for name, ident, org, retention in buckets]
    return [(columns, ["string", "string", "string", "long"], rows)] if rows else []


def rfc3339(nanoseconds: int) -> str:
    """The time in UTC, with nanoseconds where there are any."""
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{rest:09d}".rstrip("0") if rest else "") + "Z"


def _type(value: Value) -> str:
    return {bool: "boolean", int: "long", float: "double"}.get(type(value), "string")


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        f"{value:g}" if isinstance(value, float) and value == int(value) and abs(value) < 1e6 else str(value)
    )
