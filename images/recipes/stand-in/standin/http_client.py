"""HTTP requests of a stand-in: no redirects followed, no proxy, every failure one kind of error."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 5.0


class Unreachable(Exception):
    """No answer from the other side; the message names host, port and cause."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(frozen=True)
class Answer:
    """What the other side said."""

    status: int
    body: bytes

    def text(self, limit: int = 200) -> str:
        """The first `limit` characters of the body, for a message."""
        return self.body.decode(errors="replace").strip()[:limit]


def fetch(
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = TIMEOUT_SECONDS,
    tls: ssl.SSLContext | None = None,
    unix: str = "",
) -> Answer:
    """Send one request and read the whole answer.

    `Unreachable` where there is none within `timeout` seconds. `unix` is the path of a Unix socket to ask instead of
    the URL's host.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if unix:
        connection: http.client.HTTPConnection = UnixConnection(unix, timeout)
    else:
        connection = _connection(parts.scheme, host, parts.port, timeout, tls)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body=body, headers=headers or {})
        reply = connection.getresponse()
        return Answer(reply.status, reply.read())
    except (OSError, http.client.HTTPException) as error:
        where = unix or f"{parts.scheme}://{parts.hostname}:{connection.port}"
        raise Unreachable(f"{where}: {error}") from error
    finally:
        connection.close()


def _connection(
    scheme: str, host: str, port: int | None, timeout: float, tls: ssl.SSLContext | None
) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=tls)
    if scheme in ("http", "tcp"):
        return http.client.HTTPConnection(host, port, timeout=timeout)
    raise Unreachable(f"scheme {scheme!r}: http, https or tcp is allowed")


def dig(value: Any, *path: str) -> Any:
    """The value at a path of nested mappings, or None."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
