"""Where metrics go."""

from __future__ import annotations

import base64
import operator
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from standin.http_client import Unreachable, fetch
from standin.http_server import Request, Response, listen
from standin.log import Refusal, log

from telegraf_standin.config import Plugin
from telegraf_standin.metric import Metric

BATCH = 1000
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
}


class InfluxOutput:
    """Writes to InfluxDB, by token (influxdb_v2) or by user and password (influxdb).

    Keeps what could not be sent. With `database_tag`, the tag of a metric names the database that it goes to.
    """

    def __init__(self, plugin: Plugin, buffer_limit: int) -> None:
        self._name = plugin.name
        self._waiting: deque[tuple[str, str]] = deque(maxlen=buffer_limit)
        self._lock = threading.Lock()
        self._base = (plugin.texts("urls") or ["http://127.0.0.1:8086"])[0].rstrip("/")
        self._database_tag = plugin.text("database_tag")
        if plugin.name == "influxdb_v2":
            self._path, self._parameter, self._database = "/api/v2/write", "bucket", plugin.text("bucket")
            self._query = {"org": plugin.text("organization"), "precision": "ns"}
            self._headers = {"Authorization": f"Token {plugin.text('token')}"}
        else:
            self._path, self._parameter, self._database = "/write", "db", plugin.text("database", "telegraf")
            self._query = {"precision": "ns"}
            if plugin.text("retention_policy"):
                self._query["rp"] = plugin.text("retention_policy")
            pair = f"{plugin.text('username')}:{plugin.text('password')}".encode()
            self._headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def add(self, metrics: list[Metric]) -> None:
        """Queue metrics; the oldest go when the buffer is full."""
        with self._lock:
            self._waiting.extend(self._addressed(metric) for metric in metrics)

    def _addressed(self, metric: Metric) -> tuple[str, str]:
        """(database, line); the tag that names the database is not written."""
        database = metric.tags.get(self._database_tag) if self._database_tag else None
        if database is None:
            return self._database, metric.line()
        tags = {name: value for name, value in metric.tags.items() if name != self._database_tag}
        return database, Metric(metric.name, metric.fields, tags, metric.time).line()

    def flush(self) -> None:
        """Send what waits.

        A refusal of the data (400, 422) drops it; any other failure keeps it for the next time.
        """
        while True:
            with self._lock:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            if not batch:
                return
            kept = [entry for database in dict(batch) for entry in self._unsent(database, batch)]
            if kept:
                with self._lock:
                    self._waiting.extendleft(
                        reversed(kept[: (self._waiting.maxlen or 0) - len(self._waiting)])
                    )
                return

    def _unsent(self, database: str, batch: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Send the lines of one database; gives those to try again."""
        entries = [entry for entry in batch if entry[0] == database]
        problem, keep = self._send(database, [line for _, line in entries])
        if problem:
            log("error", f"[outputs.{self._name}] {problem}")
        return entries if keep else []

    def _send(self, database: str, lines: list[str]) -> tuple[str, bool]:
        """(problem or empty, whether to try again)."""
        url = f"{self._base}{self._path}?{urlencode({self._parameter: database, **self._query})}"
        try:
            answer = fetch("POST", url, headers=self._headers, body="\n".join(lines).encode())
        except Unreachable as error:
            return str(error), True
        if 200 <= answer.status < 300:
            return "", False
        where = urlsplit(url)
        problem = f"{where.netloc}{where.path}: {answer.status}: {answer.text()}"
        return problem, answer.status not in (400, 413, 422)


class HealthOutput:
    """Answers on a port.

    As in the real plugin, only the checks over metrics decide, not whether inputs work.
    """

    def __init__(self, plugin: Plugin) -> None:
        address = urlsplit(plugin.text("service_address", "tcp://:8080"))
        if address.scheme not in ("http", "tcp") or address.port is None:
            raise Refusal(f"outputs.health: service_address {address.geturl()!r}: http://:8080 is expected")
        self._contains = [str(check.get("field")) for check in plugin.options.get("contains", [])]
        self._compares = list(plugin.options.get("compares", []))
        self._default = int(plugin.options.get("default_status", 200))
        self._lock = threading.Lock()
        self._healthy: bool | None = None
        self._waiting: list[Metric] = []
        self._server = listen(address.port, self._answer, address.hostname or "")
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        """The port it answers on."""
        return self._server.port

    def add(self, metrics: list[Metric]) -> None:
        """Keep metrics until the next flush."""
        with self._lock:
            self._waiting += metrics

    def flush(self) -> None:
        """Run the checks over all metrics since the last flush."""
        with self._lock:
            metrics, self._waiting = self._waiting, []
            if metrics:
                contained = all(any(name in m.fields for m in metrics) for name in self._contains)
                self._healthy = contained and all(_holds(check, metrics) for check in self._compares)

    def _answer(self, request: Request) -> Response:
        with self._lock:
            healthy = self._healthy
        status = self._default if healthy is None else 200 if healthy else 503
        return Response.text(status, "OK\n" if status == 200 else "Service Unavailable\n")


def _holds(check: Mapping[str, Any], metrics: list[Metric]) -> bool:
    """Does every metric that has the field pass the comparisons? A value that is no number does not."""
    values = [m.fields[str(check.get("field"))] for m in metrics if str(check.get("field")) in m.fields]
    wanted = [(COMPARISONS[name], float(check[name])) for name in COMPARISONS if name in check]
    return all(
        isinstance(value, (int, float)) and all(test(float(value), limit) for test, limit in wanted)
        for value in values
    )
