"""A small threaded HTTP server: one function from request to response."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from standin.log import log

IDLE_SECONDS = 60
"""How long a kept-alive connection may stay silent."""

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Largest accepted request body; far above what any client of a stand-in sends at once."""


class BadRequest(Exception):
    """The request cannot be read; answered with 400 and this message."""


@dataclass(frozen=True)
class Request:
    """One HTTP request, body read and gzip removed."""

    method: str
    target: str
    headers: Message
    body: bytes = b""
    client: str = ""

    @property
    def path(self) -> str:
        """The path without the query, still percent-encoded."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The first value of each query parameter."""
        return {k: v[0] for k, v in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()}

    def header(self, name: str) -> str:
        """The header's value, empty where it is absent."""
        return str(self.headers.get(name, ""))

    def form(self) -> dict[str, str]:
        """The first value of each field of a form body; 400 where the body is not text."""
        try:
            text = self.body.decode()
        except UnicodeDecodeError as error:
            raise BadRequest("form body is not UTF-8") from error
        return {k: v[0] for k, v in parse_qs(text, keep_blank_values=True).items()}

    def json(self) -> Any:
        """The body as JSON; 400 where it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise BadRequest(f"body is not JSON: {error}") from error


@dataclass(frozen=True)
class Response:
    """One HTTP response."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def text(cls, status: int, text: str) -> Response:
        """A plain text answer."""
        return cls(status, text.encode())

    @classmethod
    def json(cls, status: int, value: Any) -> Response:
        """A JSON answer."""
        return cls(status, json.dumps(value).encode() + b"\n", "application/json; charset=utf-8")

    @classmethod
    def html(cls, status: int, page: str) -> Response:
        """An HTML answer that may load nothing from elsewhere."""
        policy = ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        return cls(status, page.encode(), "text/html; charset=utf-8", [policy])


Application = Callable[[Request], Response]


class HttpServer(ThreadingHTTPServer):
    """Serves an application; each connection has its own thread."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        self.application = application
        super().__init__(address, _Handler)

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours, so nothing is printed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: HttpServer

    def _serve(self) -> None:
        try:
            request = Request(self.command, self.path, self.headers, self._body(), self.client_address[0])
            response = self.server.application(request)
        except BadRequest as error:
            response = Response.text(400, f"{error}\n")
        except Exception as error:  # a fault of one request must not end the service
            log("error", f"{self.command} {urlsplit(self.path).path}: {type(error).__name__}: {error}")
            response = Response.text(500, "Internal server error\n")
        self._send(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        else:
            body = self._sized()
        if self.headers.get("Content-Encoding", "").lower() == "gzip":
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError) as error:
                raise BadRequest("body is not gzip") from error
        return body

    def _sized(self) -> bytes:
        text = self.headers.get("Content-Length") or "0"
        if not text.isdigit() or int(text) > MAX_BODY_BYTES:
            self.close_connection = True
            raise BadRequest(f"Content-Length {text!r}: a number of at most {MAX_BODY_BYTES} is allowed")
        return self.rfile.read(int(text))

    def _chunks(self) -> bytes:
        body = b""
        while True:
            size = int(self.rfile.readline(64).split(b";")[0].strip() or b"0", 16)
            body += self.rfile.read(size)
            self.rfile.readline(64)
            if len(body) > MAX_BODY_BYTES:
                self.close_connection = True
                raise BadRequest(f"body is larger than {MAX_BODY_BYTES} bytes")
            if size == 0:
                return body

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status not in (204, 304):
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD" and response.status not in (204, 304):
            self.wfile.write(response.body)

    def log_message(self, format: str, *args: Any) -> None:
        """No access log: health checks would fill it."""

    def version_string(self) -> str:
        return "stand-in"


class _SixHttpServer(HttpServer):
    address_family = socket.AF_INET6


def listen(port: int, application: Application, host: str = "") -> HttpServer:
    """Open the port on every address (IPv4 and, where the machine has it, IPv6), or on one host.

    Do not serve yet.
    """
    if host:
        return HttpServer((host, port), application)
    try:
        return _SixHttpServer(("::", port), application)
    except OSError:
        return HttpServer(("0.0.0.0", port), application)
