"""Inputs that ask other services."""

from __future__ import annotations

import base64
import importlib
import json
import math
import re
import socket
from typing import Any
from urllib.parse import unquote, urlsplit

from standin.http_client import Answer, Unreachable, fetch

from telegraf_standin.config import Plugin
from telegraf_standin.metric import GatherError, Metric, Value

TIMEOUT_SECONDS = 5.0
_SAMPLE = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+\d+)?$")
_LABEL = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"')


def redis(plugin: Plugin) -> list[Metric]:
    """The numbers of INFO."""
    metrics = []
    for server in plugin.texts("servers"):
        parts = urlsplit(server)
        host, port = parts.hostname or "", parts.port or 6379
        user = plugin.text("username") or unquote(parts.username or "")
        password = plugin.text("password") or unquote(parts.password or "")
        text = _redis_info(host, port, user, password)
        fields: dict[str, Value] = {}
        for key, value in re.findall(r"^(\w+):(\d+(?:\.\d+)?)\r?$", text, re.MULTILINE):
            fields[key] = float(value) if "." in value else int(value)
        metrics.append(Metric("redis", fields, {"server": host, "port": str(port)}))
    return metrics


def _redis_info(host: str, port: int, user: str, password: str) -> str:
    try:
        with (
            socket.create_connection((host, port), TIMEOUT_SECONDS) as connection,
            connection.makefile("rwb") as stream,
        ):
            if password:
                _redis_call(stream, "AUTH", *([user] if user else []), password)
            return _redis_call(stream, "INFO")
    except OSError as error:
        raise GatherError(f"redis {host}:{port}: {error}") from error


def _redis_call(stream: Any, *words: str) -> str:
    stream.write(b"*%d\r\n" % len(words))
    for word in words:
        data = word.encode()
        stream.write(b"$%d\r\n%s\r\n" % (len(data), data))
    stream.flush()
    head = str(stream.readline().decode().strip())
    if head.startswith("$"):
        return str(stream.read(int(head[1:]) + 2).decode())
    if not head.startswith("+"):
        raise GatherError(f"redis {words[0]}: {head.lstrip('-') or 'no answer'}")
    return head


def rabbitmq(plugin: Plugin) -> list[Metric]:
    """Totals and queues of the management API."""
    base = plugin.text("url", "http://localhost:15672").rstrip("/")
    pair = f"{plugin.text('username', 'guest')}:{plugin.text('password', 'guest')}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    overview = _json(base, "/api/overview", headers)
    totals = overview.get("object_totals", {}) | overview.get("queue_totals", {})
    fields: dict[str, Value] = {str(k): int(v) for k, v in totals.items() if isinstance(v, int)}
    metrics = [Metric("rabbitmq_overview", fields or {"messages": 0}, {"url": base})]
    for queue in _json(base, "/api/queues", headers):
        counts: dict[str, Value] = {
            k: int(queue.get(k, 0)) for k in ("messages", "messages_ready", "consumers")
        }
        metrics.append(Metric("rabbitmq_queue", counts, {"queue": str(queue.get("name")), "url": base}))
    return metrics


def prometheus(plugin: Plugin) -> list[Metric]:
    """Every sample of each URL: a measurement of its name with field `value`, or, with version 2, a field of one."""
    metrics: list[Metric] = []
    for url in plugin.texts("urls"):
        for line in ask(url, {}).body.decode(errors="replace").splitlines():
            match = _SAMPLE.match(line)
            if match is None:
                continue
            try:
                value = float(match[3])
            except ValueError:
                continue
            if math.isfinite(value):
                tags = dict(_LABEL.findall(match[2] or "")) | {"url": url}
                name, field = (
                    ("prometheus", match[1]) if plugin.text("metric_version") == "2" else (match[1], "value")
                )
                metrics.append(Metric(name, {field: value}, tags))
    return metrics


def postgresql_extensible(plugin: Plugin) -> list[Metric]:
    """The rows of each `[[inputs.postgresql_extensible.query]]`; text columns become tags."""
    address = plugin.text("address")
    psycopg2 = importlib.import_module("psycopg2")
    try:
        connection = psycopg2.connect(address, connect_timeout=int(TIMEOUT_SECONDS))
    except Exception as error:
        raise GatherError(f"postgresql: {_without_password(str(error), address)}") from None
    try:
        with connection, connection.cursor() as cursor:
            return [m for query in plugin.options.get("query", []) for m in _rows(cursor, query)]
    except Exception as error:
        raise GatherError(f"postgresql: {_without_password(str(error), address)}") from None
    finally:
        connection.close()


def _rows(cursor: Any, query: dict[str, Any]) -> list[Metric]:
    cursor.execute(str(query["sqlquery"]))
    names = [column[0] for column in cursor.description]
    metrics = []
    for row in cursor.fetchall():
        fields: dict[str, Value] = {}
        tags: dict[str, str] = {}
        for name, value in zip(names, row, strict=True):
            if isinstance(value, str):
                tags[name] = value
            elif value is not None:
                fields[name] = value if isinstance(value, (bool, int)) else float(value)
        if fields:
            metrics.append(Metric(str(query.get("measurement") or "postgresql"), fields, tags))
    return metrics


def _without_password(text: str, address: str) -> str:
    found = re.search(r"password=(\S+)|://[^:/@]*:([^@/]*)@", address)
    secret = (found.group(1) or found.group(2)) if found else ""
    return text.strip().replace(secret, "***") if secret else text.strip()


def _json(base: str, path: str, headers: dict[str, str]) -> Any:
    answer = ask(f"{base.rstrip('/')}{path}", headers)
    try:
        return json.loads(answer.body)
    except ValueError as error:
        raise GatherError(f"{base}{path}: not JSON") from error


def ask(url: str, headers: dict[str, str]) -> Answer:
    try:
        answer = fetch("GET", url, headers=headers, timeout=TIMEOUT_SECONDS)
    except Unreachable as error:
        raise GatherError(str(error)) from error
    if answer.status != 200:
        raise GatherError(f"{url}: {answer.status}: {answer.text()}")
    return answer
