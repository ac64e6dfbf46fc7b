"""/write and /query of InfluxDB 1.x.

A database is the bucket of that name (what the real server calls virtual).
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from standin.http_server import Request, Response
from standin.line_protocol import Point

from influx_standin import points
from influx_standin.api_data import write_lines
from influx_standin.caller import v1_caller
from influx_standin.flux_csv import rfc3339
from influx_standin.influxql import Select, parse_select, unknown
from influx_standin.permission import Authorization, Permission
from influx_standin.problem import Problem
from influx_standin.store import Store

FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "sum": sum,
    "mean": statistics.fmean,
    "min": min,
    "max": max,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
}
PRECISIONS = {"": "ns", "n": "ns", "ns": "ns", "u": "us", "us": "us", "ms": "ms", "s": "s"}


class V1Api:
    """Writes line protocol, answers InfluxQL."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, request: Request) -> Response:
        """POST /write?db=&rp=&precision=."""
        caller = v1_caller(self._store, request)
        database = request.query.get("db", "")
        bucket = self._bucket(caller, database, request.query.get("rp", ""), ("read", "write"))
        if bucket is None:
            raise Problem("not found", "no dbrp mapping found")
        precision = PRECISIONS.get(request.query.get("precision", ""), "invalid")
        write_lines(self._store, caller, caller.org, bucket, request, precision)
        return Response(204)

    def query(self, request: Request) -> Response:
        """GET or POST /query?db=&q=&epoch=."""
        caller = v1_caller(self._store, request)
        asked = request.query | (request.form() if request.method == "POST" else {})
        source = asked.get("q", "").strip().rstrip(";")
        result = self._result(caller, source, asked)
        return Response.json(200, {"results": [{"statement_id": 0, **result}]})

    def _result(self, caller: Authorization, source: str, asked: dict[str, str]) -> dict[str, Any]:
        words = source.upper().split()
        if words[:2] == ["SHOW", "DATABASES"]:
            names = [[name] for ident, name in self._named() if self._may(caller, "read", ident)]
            return {"series": [{"name": "databases", "columns": ["name"], "values": names}]}
        bucket = self._bucket(caller, asked.get("db", ""), asked.get("rp", ""), ("read",))
        if bucket is None:
            return {"error": f"database not found: {asked.get('db', '')}"}
        if words[:2] == ["SHOW", "MEASUREMENTS"]:
            sql = "SELECT DISTINCT measurement FROM points WHERE bucket = ? ORDER BY 1"
            names = [[row[0]] for row in self._store.rows(sql, bucket[0])]
            return (
                {"series": [{"name": "measurements", "columns": ["name"], "values": names}]} if names else {}
            )
        select = parse_select(source)
        if select is None:
            raise unknown(source)
        return self._select(bucket[0], select, asked.get("epoch", ""))

    def _select(self, bucket: str, select: Select, epoch: str) -> dict[str, Any]:
        equals = (("_measurement", select.measurement), *select.tags)
        found = points.read(self._store, points.Selection(bucket, select.start, select.stop, equals))
        if not found:
            return {}
        functions = any(function for function, _ in select.fields)
        columns, values = _aggregated(select, found) if functions else _rows(select, found)
        values.sort(key=lambda row: row[0], reverse=select.newest_first)
        values = values[: select.limit] if select.limit else values
        rows = [[_shown(row[0], epoch), *row[1:]] for row in values]
        return {"series": [{"name": select.measurement, "columns": ["time", *columns], "values": rows}]}

    def _named(self) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self._store.rows("SELECT id, name FROM buckets ORDER BY name")]

    def _may(self, caller: Authorization, action: str, bucket: str) -> bool:
        return caller.may(Permission(action, "buckets", caller.org, bucket))

    def _bucket(
        self, caller: Authorization, database: str, policy: str, actions: tuple[str, ...]
    ) -> tuple[str, str, int] | None:
        """The bucket named `database` or `database/policy`, when the caller has one of the rights to it."""
        for name in (f"{database}/{policy}", database if policy in ("", "autogen") else ""):
            bucket = self._store.bucket(caller.org, name) if name else None
            if bucket is not None and any(self._may(caller, action, bucket[0]) for action in actions):
                return bucket
        return None


def _rows(select: Select, found: list[Point]) -> tuple[list[str], list[list[Any]]]:
    names = sorted({p.field for p in found})
    if ("", "*") in select.fields:
        tags = sorted({tag for p in found for tag, _ in p.tags})
        columns = sorted([*names, *tags])
    else:
        columns = [field for _, field in select.fields]
    rows: dict[tuple[int, Any], dict[str, Any]] = {}
    for p in found:
        row = rows.setdefault((p.time, p.tags), dict(p.tags))
        row[p.field] = p.value
    kept = [[time, *(row.get(c) for c in columns)] for (time, _), row in rows.items()]
    return columns, [row for row in kept if any(value is not None for value in row[1:])]


def _aggregated(select: Select, found: list[Point]) -> tuple[list[str], list[list[Any]]]:
    columns, values = [], []
    for function, field in select.fields:
        series = [p.value for p in sorted(found, key=lambda p: p.time) if p.field == field]
        columns.append(function or field)
        values.append(FUNCTIONS[function](series) if function and series else None)
    return columns, [[max(select.start, 0), *values]]


def _shown(nanoseconds: int, epoch: str) -> Any:
    divisor = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}.get(epoch)
    return nanoseconds // divisor if divisor else rfc3339(nanoseconds)
