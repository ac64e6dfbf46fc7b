"""Which request goes where."""

from __future__ import annotations

import re
from collections.abc import Callable

from standin.http_server import Request, Response

from influx_standin.api_backup import BackupApi
from influx_standin.api_data import DataApi
from influx_standin.api_resources import ResourceApi
from influx_standin.api_tokens import TokenApi
from influx_standin.api_v1 import V1Api
from influx_standin.caller import v2_caller
from influx_standin.problem import Problem
from influx_standin.store import Store

VERSION = "2.9.1"
_ID = r"([0-9a-f]{16})"
_HEADERS = [("X-Influxdb-Build", "stand-in"), ("X-Influxdb-Version", VERSION)]

Handler = Callable[..., Response]


class InfluxServer:
    """Routes requests by method and path."""

    def __init__(self, store: Store) -> None:
        resources, data, v1, backup = ResourceApi(store), DataApi(store), V1Api(store), BackupApi(store)
        self._store = store
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._add("GET", "/", _page)
        self._add("GET", "/health", _health)
        self._add("GET", "/ready", lambda request: Response.json(200, {"status": "ready"}))
        for method in ("GET", "HEAD"):
            self._add(method, "/ping", lambda request: Response(204, headers=_HEADERS))
        self._add("GET", "/api/v2/setup", resources.may_set_up)
        self._add("POST", "/api/v2/setup", resources.set_up)
        self._add("GET", "/api/v2/orgs", resources.orgs)
        self._add("GET", "/api/v2/users", resources.users)
        self._add("GET", "/api/v2/buckets", resources.buckets)
        self._add("POST", "/api/v2/buckets", resources.create_bucket)
        self._add("PATCH", f"/api/v2/buckets/{_ID}", resources.change_bucket)
        self._add("DELETE", f"/api/v2/buckets/{_ID}", resources.delete_bucket)
        self._add("POST", "/api/v2/write", data.write)
        self._add("POST", "/api/v2/query", data.query)
        self._add("POST", "/write", v1.write)
        self._add("GET", "/query", v1.query)
        self._add("POST", "/query", v1.query)
        self._add("GET", "/api/v2/backup/standin", backup.backup)
        self._add("POST", "/api/v2/restore/standin", backup.restore)
        self._add_tokens("/api/v2/authorizations", TokenApi(store, v1=False))
        self._add_tokens("/private/legacy/authorizations", TokenApi(store, v1=True))
        legacy = TokenApi(store, v1=True)
        self._add("POST", f"/private/legacy/authorizations/{_ID}/password", legacy.set_password)

    def _add(self, method: str, path: str, handler: Handler) -> None:
        self._routes.append((method, re.compile(path), handler))

    def _add_tokens(self, path: str, api: TokenApi) -> None:
        self._add("GET", path, api.list)
        self._add("POST", path, api.create)
        self._add("GET", f"{path}/{_ID}", api.get)
        self._add("PATCH", f"{path}/{_ID}", api.change)
        self._add("DELETE", f"{path}/{_ID}", api.delete)

    def __call__(self, request: Request) -> Response:
        try:
            return self._route(request)
        except Problem as problem:
            return problem.response()

    def _route(self, request: Request) -> Response:
        for method, path, handler in self._routes:
            match = path.fullmatch(request.path)
            if match and method == request.method:
                return handler(request, *match.groups())
        if request.path.startswith(("/api/v2/", "/private/")):
            v2_caller(self._store, request)
        raise Problem("not found", "path not found")


def _page(request: Request) -> Response:
    """Where the real one has its pages."""
    return Response.html(
        200, "<!doctype html><title>InfluxDB</title><p>A stand-in for InfluxDB has no pages."
    )


def _health(request: Request) -> Response:
    about = {"name": "influxdb", "message": "ready for queries and writes (stand-in)", "status": "pass"}
    return Response.json(200, {**about, "checks": [], "version": VERSION, "commit": "stand-in"})
