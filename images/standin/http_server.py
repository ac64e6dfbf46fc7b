"""A small threaded HTTP server: one function from request to response. An upgrade to WebSocket gets an echo."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .log import log

IDLE_SECONDS = 60
MOST_KEPT = 1024 * 1024
"""Bytes of a body that are kept; what is longer is counted and dropped."""
_WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True)
class Request:
    """One HTTP request; ``size`` is the whole body's, of which ``body`` has the first MiB."""

    method: str
    target: str
    headers: Message
    body: bytes = b""
    size: int = 0

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The first value of each query parameter."""
        return {k: v[0] for k, v in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()}

    @property
    def form(self) -> dict[str, str]:
        """The first value of each field of a form."""
        return {k: v[0] for k, v in parse_qs(self.body.decode(errors="replace")).items()}

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies by name."""
        jar: SimpleCookie = SimpleCookie()
        for pair in self.header("Cookie").split(";"):
            name, sign, value = pair.strip().partition("=")
            if sign:
                jar.load(f"{name}={value}")
        return {name: morsel.value for name, morsel in jar.items()}

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password of Basic authentication, both empty where there is none."""
        scheme, _, value = self.header("Authorization").partition(" ")
        try:
            user, _, password = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return "", ""
        return (user, password) if scheme.lower() == "basic" else ("", "")

    def header(self, name: str) -> str:
        """The header's value, empty where it is absent."""
        return str(self.headers.get(name, ""))


@dataclass(frozen=True)
class Response:
    """One HTTP response."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def text(cls, status: int, text: str, *headers: tuple[str, str]) -> Response:
        """A plain text answer."""
        return cls(status, f"{text}\n".encode(), headers=list(headers))

    @classmethod
    def json(cls, status: int, value: Any) -> Response:
        """A JSON answer."""
        return cls(status, json.dumps(value).encode() + b"\n", "application/json")


Application = Callable[[Request], Response]


class HttpServer(ThreadingHTTPServer):
    """Serves an application on all addresses of the machine; port 0 takes a free one."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET

    def __init__(self, port: int, application: Application) -> None:
        self.application = application
        super().__init__(("", port), _Handler)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def server_bind(self) -> None:
        """Take IPv4 too."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: HttpServer

    def _serve(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._echo()
            return
        try:
            body, size = self._body()
            response = self.server.application(Request(self.command, self.path, self.headers, body, size))
        except Exception as error:  # a fault of one request must not end the service
            log("error", f"{self.command} {urlsplit(self.path).path}: {type(error).__name__}: {error}")
            response = Response.text(500, "Internal server error")
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status not in (204, 304):
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD" and response.status not in (204, 304):
            self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def _body(self) -> tuple[bytes, int]:
        body, size = b"", 0
        for part in self._chunks():
            size += len(part)
            body += part[: MOST_KEPT - len(body)]
        return body, size

    def _chunks(self) -> Any:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while length := int(self.rfile.readline(64).split(b";")[0].strip() or b"0", 16):
                yield self.rfile.read(length)
                self.rfile.readline(64)
            self.rfile.readline(64)
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left and (part := self.rfile.read(min(left, 65536))):
            left -= len(part)
            yield part

    def _echo(self) -> None:
        """Accept the upgrade and send one short text frame back, unmasked (RFC 6455)."""
        key = self.headers.get("Sec-WebSocket-Key", "") + _WEBSOCKET
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header(
            "Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        )
        if protocol := self.headers.get("Sec-WebSocket-Protocol", "").split(",")[0].strip():
            self.send_header("Sec-WebSocket-Protocol", protocol)
        self.end_headers()
        self.close_connection = True
        start = self.rfile.read(2)
        if len(start) == 2 and start[0] == 0x81 and start[1] & 0x7F < 126:
            mask, text = self.rfile.read(4), self.rfile.read(start[1] & 0x7F)
            plain = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))
            self.wfile.write(bytes([0x81, len(plain)]) + plain)

    def log_message(self, format: str, *args: Any) -> None:
        """No access log: health checks would fill it."""

    def version_string(self) -> str:
        return "stand-in"
