"""One use of each kind of dependency with the real credentials. A failure is an exception whose text is the reason.

The drivers are Debian's, in the image only; each is imported where it is used.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import ssl
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

TIMEOUT_S = 5.0
Told = Mapping[str, str]


class Broken(Exception):
    """The other side answers, and not as it should."""


def target(kind: str, told: Told) -> str:
    """Where a dependency is, without credentials."""
    if url := told.get("url"):
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path if kind == 'http' else ''}"
    at = told.get("at") or told.get("endpoint") or f"{told.get('host')}:{told.get('port')}"
    return f"{at}/{told.get('database') or told.get('bucket') or ''}".rstrip("/")


def _postgres(told: Told) -> None:
    import psycopg2

    tls = "require" if told.get("tls") in ("true", "True") else "disable"
    names = {"dbname": told["database"], "user": told["user"], "password": told["password"]}
    address = {"host": told["host"], "port": told["port"], "sslmode": tls, "connect_timeout": int(TIMEOUT_S)}
    with closing(psycopg2.connect(**names, **address)) as connection, connection.cursor() as cursor:
        cursor.execute(told.get("statement") or "SELECT 1")
        connection.commit()


@cache
def _redis_client(url: str, host: str, port: str, password: str) -> Any:
    """Stays connected, as the application's clients do: the health check of elo-service looks for the connection."""
    import redis

    if url:
        return redis.Redis.from_url(url, socket_timeout=TIMEOUT_S)
    return redis.Redis(host, int(port), password=password, socket_timeout=TIMEOUT_S)


def _redis(told: Told) -> None:
    client = _redis_client(*(told.get(key, "") for key in ("url", "host", "port", "password")))
    key = f"{told.get('prefix', '')}stand-in:{uuid.uuid4().hex}"
    client.set(key, "1", ex=60)
    if client.get(key) != b"1":
        raise Broken("a key that was just written is not there")
    client.delete(key)


@contextmanager
def consuming(told: Told) -> Iterator[Callable[[], None]]:
    """An open connection that consumes the queue; calling what it gives keeps it alive for a second."""
    import pika

    # A parameter of the application's own driver; this one ends at any that it does not know.
    parameters = pika.URLParameters(re.sub(r"[?&]frameMax=\d+", "", told["url"]))
    parameters.socket_timeout = parameters.blocked_connection_timeout = TIMEOUT_S
    connection = pika.BlockingConnection(parameters)
    try:
        channel = connection.channel()
        if told.get("queue"):
            channel.queue_declare(told["queue"], durable=True)
            channel.basic_consume(
                told["queue"], lambda channel, method, *_: channel.basic_ack(method.delivery_tag)
            )
        yield lambda: connection.process_data_events(time_limit=1)
    finally:
        if connection.is_open:
            connection.close()


def _amqp(told: Told) -> None:
    with consuming(told):
        pass


def _s3(told: Told) -> None:
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    options = {"connect_timeout": TIMEOUT_S, "read_timeout": TIMEOUT_S, "retries": {"max_attempts": 0}}
    client = boto3.client(
        "s3",
        endpoint_url=f"{'https' if told.get('tls') in ('true', 'True') else 'http'}://{told['endpoint']}",
        aws_access_key_id=told["access_key"],
        aws_secret_access_key=told["secret_key"],
        region_name="us-east-1",
        config=Config(**options, s3={"addressing_style": "path"}),
    )
    key = f"stand-in/{uuid.uuid4().hex}"
    client.put_object(Bucket=told["bucket"], Key=key, Body=b"1")
    client.get_object(Bucket=told["bucket"], Key=key)["Body"].read()
    client.delete_object(Bucket=told["bucket"], Key=key)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def request(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    *,
    hops: int = 3,
) -> tuple[int, bytes]:
    """Status and body of an answer; ``unix:///path`` asks a Unix socket for /_ping.

    A GET follows redirects. Certificates are not verified: the local authority is nobody's.
    """
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    connection: http.client.HTTPConnection
    if parts.scheme == "unix":
        connection, path = _UnixConnection(parts.path), "/_ping"
    elif parts.scheme == "https":
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=TIMEOUT_S, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    with closing(connection):
        connection.request(method, path, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        if method == "GET" and answer.status in (301, 302, 307, 308) and hops:
            return request(urljoin(url, answer.headers["Location"]), method, headers, hops=hops - 1)
        return answer.status, answer.read()


def _http(told: Told) -> None:
    headers = {"Host": told["host"]} if told.get("host") else {}
    if told.get("user"):
        pair = base64.b64encode(f"{told['user']}:{told['password']}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    elif told.get("token"):
        headers["Authorization"] = f"Token {told['token']}"
    method = told.get("method") or "GET"
    status, body = request(told["url"], method, headers, b"stand_in works=1" if method == "POST" else None)
    if status >= 400:
        raise Broken(f"answers {status}: {body.decode(errors='replace').strip()[:100]}")


def _tcp(told: Told) -> None:
    host, _, port = told["at"].rpartition(":")
    socket.create_connection((host, int(port)), timeout=TIMEOUT_S).close()


def _docker(told: Told) -> None:
    status, body = request(
        told["at"].replace("tcp://", "http://") + ("" if "unix:" in told["at"] else "/_ping")
    )
    if status != 200:
        raise Broken(f"/_ping answers {status}: {body.decode(errors='replace').strip()[:100]}")


_USES: Mapping[str, Callable[[Told], None]] = {
    "postgres": _postgres, "redis": _redis, "amqp": _amqp, "s3": _s3, "http": _http, "tcp": _tcp, "docker": _docker,
}  # fmt: skip


def use(kind: str, told: Told) -> str:
    """Use it once; the reason why that failed in one line, empty when it worked. Secrets never stand in it."""
    try:
        _USES[kind](told)
    except Exception as error:  # each driver has its own
        return reason(error, told)
    return ""


def reason(error: BaseException, told: Told) -> str:
    """The text of an error in one line, with no secret in it."""
    text = " ".join(str(error).split()) or type(error).__name__
    for key in ("password", "secret_key", "token", "access_key"):
        if told.get(key):
            text = text.replace(told[key], "***")
    if password := urlsplit(told.get("url", "")).password:
        text = text.replace(password, "***")
    return text[:300]


def answer_of(works: bool, dependencies: Mapping[str, Any]) -> bytes:
    """What a health page says."""
    return json.dumps({"status": "ok" if works else "failing", "dependencies": dependencies}).encode()
