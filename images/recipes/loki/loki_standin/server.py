"""The HTTP API."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any

from standin.http_server import BadRequest, Request, Response

from loki_standin.config import Config
from loki_standin.logql import QueryError, parse
from loki_standin.store import Labels, Line, Store

VERSION = "3.7.6"
HOUR = 3_600_000_000_000
MAX_LABELS = 15
"""Loki's default for `max_label_names_per_series`."""


class LokiServer:
    """Routes requests."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store

    def __call__(self, request: Request) -> Response:
        if request.path in ("/ready", "/loki/api/v1/status/buildinfo", "/metrics"):
            return _about(request.path)
        if self._config.needs_tenant and not request.header("X-Scope-OrgID"):
            return Response.text(401, "no org id\n")
        try:
            return self._route(request)
        except (QueryError, BadRequest) as error:
            return Response.text(400, f"{error}\n")

    def _route(self, request: Request) -> Response:
        path = request.path
        if path == "/loki/api/v1/push" and request.method == "POST":
            return self._push(request)
        if path == "/loki/api/v1/query_range":
            return self._query_range(request)
        if (
            path == "/loki/api/v1/query"
            and request.query.get("query", "").replace(" ", "") == "vector(1)+vector(1)"
        ):
            return _success({"resultType": "vector", "result": [{"metric": {}, "value": [time.time(), "2"]}]})
        if path == "/loki/api/v1/labels":
            return _success(sorted({name for labels in self._store.labels() for name in labels}))
        if path == "/loki/api/v1/series":
            return _success(self._store.labels())
        match = re.fullmatch(r"/loki/api/v1/label/(\w+)/values", path)
        if match:
            return _success(
                sorted({labels[match[1]] for labels in self._store.labels() if match[1] in labels})
            )
        return Response.text(404, "404 page not found\n")

    def _push(self, request: Request) -> Response:
        if not request.header("Content-Type").startswith("application/json"):
            return Response.text(415, "this stand-in takes application/json\n")
        asked = request.json()
        streams = asked.get("streams") if isinstance(asked, dict) else None
        if not isinstance(streams, list):
            raise BadRequest("streams: a list is expected")
        pushed = [self._stream(stream) for stream in streams]
        problems: list[str] = []
        for labels, lines in pushed:
            kept = [line for line in lines if not self._problem(labels, line, problems)]
            if kept:
                self._store.push(labels, kept)
        return Response.text(400, "\n".join(problems[:10]) + "\n") if problems else Response(204)

    def _stream(self, value: Any) -> tuple[Labels, list[Line]]:
        labels = value.get("stream") if isinstance(value, dict) else None
        if not isinstance(labels, dict) or not labels:
            raise BadRequest("error at least one label pair is required per stream")
        if len(labels) > MAX_LABELS:
            raise BadRequest(f"entry for stream has {len(labels)} label names; limit {MAX_LABELS}")
        for name, text in labels.items():
            if not re.fullmatch(r"[A-Za-z_]\w*", name) or not isinstance(text, str):
                raise BadRequest(f"label {name!r}: a name of letters, digits, _ and a text are expected")
        try:
            lines = [(int(entry[0]), str(entry[1])) for entry in value["values"]]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise BadRequest("values: a list of [nanoseconds, line] is expected") from error
        return labels, lines

    def _problem(self, labels: Labels, line: Line, problems: list[str]) -> bool:
        """Is the line too old, too new or too long? Then say so and leave it out."""
        before = len(problems)
        age = time.time() - line[0] / 1e9
        if self._config.oldest_push and age > self._config.oldest_push:
            problems.append(f"entry for stream {labels} has timestamp too old")
        elif age < -600:
            problems.append(f"entry for stream {labels} has timestamp too new")
        elif self._config.max_line and len(line[1].encode()) > self._config.max_line:
            problems.append(f"max entry size {self._config.max_line} bytes exceeded for stream {labels}")
        return len(problems) > before

    def _query_range(self, request: Request) -> Response:
        asked = request.query | (request.form() if request.method == "POST" else {})
        query = parse(asked.get("query", ""))
        now = time.time_ns()
        end = _time(asked.get("end"), now)
        start = _time(asked.get("start"), end - HOUR)
        if self._config.lookback:
            start = max(start, now - int(self._config.lookback * 1e9))
        limit = asked.get("limit") or "100"
        if not limit.isdigit() or not 0 < int(limit) <= 5000:
            raise BadRequest(f"limit {limit!r}: 1 to 5000 is allowed")
        forward = asked.get("direction", "backward").lower() == "forward"
        found = self._store.query(query, start, end, int(limit), forward=forward)
        streams: dict[str, dict[str, Any]] = {}
        for labels, (when, line) in found:
            stream = streams.setdefault(str(labels), {"stream": labels, "values": []})
            stream["values"].append([str(when), line])
        return _success({"resultType": "streams", "result": list(streams.values()), "stats": {}})


def _time(text: str | None, default: int) -> int:
    """Nanoseconds from nanoseconds, seconds (up to 10 digits, with or without fraction) or RFC 3339."""
    if not text:
        return default
    try:
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return int(float(text) * 1e9) if "." in text or len(text) <= 10 else int(text)
        return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1e9)
    except ValueError as error:
        raise BadRequest(f"could not parse time {text!r}") from error


def _about(path: str) -> Response:
    if path == "/ready":
        return Response.text(200, "ready\n")
    if path == "/metrics":
        return Response.text(200, f'loki_build_info{{version="{VERSION}-stand-in"}} 1\n')
    return Response.json(200, {"version": VERSION, "revision": "stand-in"})


def _success(data: Any) -> Response:
    return Response.json(200, {"status": "success", "data": data})
