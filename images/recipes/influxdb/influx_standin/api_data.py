"""/api/v2/write and /api/v2/query."""

from __future__ import annotations

import time
from typing import Any

from standin.http_server import Request, Response
from standin.line_protocol import LineError, parse

from influx_standin import flux, flux_csv, points
from influx_standin.caller import v2_caller
from influx_standin.permission import Authorization, Permission
from influx_standin.problem import Problem
from influx_standin.store import Store


class DataApi:
    """Writes line protocol, answers Flux."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, request: Request) -> Response:
        """POST /api/v2/write?org=&bucket=&precision=.

        404 for an unknown bucket, 403 without the right to write.
        """
        caller = v2_caller(self._store, request)
        query = request.query
        name = query.get("bucket", "")
        if not name:
            raise Problem("not found", "bucket not found")
        org = self._store.org_id(query.get("orgID") or query.get("org") or "")
        bucket = self._store.bucket(org, name)
        if bucket is None:
            raise Problem("not found", f'bucket "{name}" not found')
        write_lines(self._store, caller, org, bucket, request, query.get("precision") or "ns")
        return Response(204)

    def query(self, request: Request) -> Response:
        """POST /api/v2/query?org=; a bucket that the caller may not read does not exist for them (404)."""
        caller = v2_caller(self._store, request)
        org = self._store.org_id(request.query.get("orgID") or request.query.get("org") or caller.org)
        source, dialect = _source(request)
        pipeline = flux.parse(source)
        tables = flux_csv.bucket_table(self._readable(caller, org))
        if pipeline.bucket:
            tables = flux_csv.series_tables(pipeline, self._points(caller, org, pipeline))
        header = dialect.get("header") is not False
        content = flux_csv.render(tables, list(dialect.get("annotations") or ()), header=header)
        return Response(200, content, "text/csv; charset=utf-8")

    def _points(self, caller: Authorization, org: str, pipeline: flux.Query) -> list[Any]:
        bucket = self._store.bucket(org, pipeline.bucket)
        if bucket is None or not caller.may(Permission("read", "buckets", org, bucket[0])):
            missing = f'failed to initialize execute state: could not find bucket "{pipeline.bucket}"'
            raise Problem("not found", missing)
        equals = tuple(pipeline.equals)
        return points.read(self._store, points.Selection(bucket[0], pipeline.start, pipeline.stop, equals))

    def _readable(self, caller: Authorization, org: str) -> list[tuple[str, str, str, int]]:
        rows = self._store.rows(
            "SELECT name, id, org, retention FROM buckets WHERE org = ? ORDER BY name", org
        )
        return [
            (r[0], r[1], r[2], r[3]) for r in rows if caller.may(Permission("read", "buckets", org, r[1]))
        ]


def write_lines(
    store: Store,
    caller: Authorization,
    org: str,
    bucket: tuple[str, str, int],
    request: Request,
    precision: str,
) -> None:
    """Write the body into the bucket; 403 without the right to."""
    if not caller.may(Permission("write", "buckets", org, bucket[0])):
        raise Problem("forbidden", "insufficient permissions for write")
    try:
        text = request.body.decode()
    except UnicodeDecodeError as error:
        raise Problem("invalid", "line protocol must be UTF-8") from error
    try:
        parsed = parse(text, precision, time.time_ns())
    except LineError as error:
        raise Problem("invalid", str(error)) from error
    points.write(store, bucket[0], bucket[2], parsed)


def _source(request: Request) -> tuple[str, dict[str, Any]]:
    if request.header("Content-Type").startswith("application/vnd.flux"):
        return request.body.decode(errors="replace"), {}
    asked = request.json()
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        raise Problem("invalid", "failed to decode request body: request body requires either query or AST")
    if asked.get("type", "flux") != "flux":
        raise Problem("invalid", f"unknown query type: {asked['type']}")
    dialect = asked.get("dialect")
    return asked["query"], dialect if isinstance(dialect, dict) else {}
