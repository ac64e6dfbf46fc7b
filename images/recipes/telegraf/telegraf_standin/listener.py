"""The input influxdb_v2_listener: takes points at the API of InfluxDB 2, with a token of its own."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

from standin.http_server import HttpServer, Request, Response, listen
from standin.line_protocol import LineError, parse
from standin.log import Refusal, log

from telegraf_standin.config import Plugin
from telegraf_standin.metric import Metric

MAX_BODY_BYTES = 32 * 1024 * 1024


class Listener:
    """A port that takes points and hands them on."""

    def __init__(self, plugin: Plugin, deliver: Callable[[list[Metric]], None]) -> None:
        address = plugin.text("service_address", ":8086")
        host, _, port = address.rpartition("://")[2].rpartition(":")
        if not port.isdigit():
            raise Refusal(f"inputs.influxdb_v2_listener: service_address {address!r}: `:<port>` is expected")
        self._token = plugin.text("token")
        self._bucket_tag = plugin.text("bucket_tag")
        self._deliver = deliver
        try:
            self._server: HttpServer = listen(int(port), self._answer, host)
        except OSError as error:
            raise Refusal(
                f"inputs.influxdb_v2_listener: service_address {address}: {error.strerror}"
            ) from error
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        log("info", f"[inputs.influxdb_v2_listener] Started HTTP listener service on {address}")

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    def _answer(self, request: Request) -> Response:
        wanted = f"Token {self._token}".encode()
        if self._token and not secrets.compare_digest(request.header("Authorization").encode(), wanted):
            return Response.text(401, "Unauthorized.\n")
        if request.path != "/api/v2/write":
            return Response.text(404, "404 page not found\n")
        if len(request.body) > MAX_BODY_BYTES:
            return Response.json(413, {"code": "invalid", "message": "http: request body too large"})
        try:
            self._deliver(self._metrics(request))
        except (LineError, UnicodeDecodeError) as error:
            return Response.json(400, {"code": "invalid", "message": str(error)})
        return Response(204)

    def _metrics(self, request: Request) -> list[Metric]:
        precision = request.query.get("precision") or "ns"
        points = parse(
            request.body.decode(), precision if precision in ("us", "ms", "s") else "ns", time.time_ns()
        )
        merged: dict[tuple[object, ...], Metric] = {}
        for point in points:
            key = (point.measurement, point.tags, point.time)
            metric = merged.setdefault(key, Metric(point.measurement, {}, dict(point.tags), point.time))
            metric.fields[point.field] = point.value
        bucket = request.query.get("bucket", "")
        if self._bucket_tag and bucket:
            for metric in merged.values():
                metric.tags[self._bucket_tag] = bucket
        return list(merged.values())
