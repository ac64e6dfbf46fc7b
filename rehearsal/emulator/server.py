"""HTTP: one thread per connection, connections kept open, as clients in Go expect."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .answer import Answer
from .api import Dropped

# Method, target, token, body, base address.
Handle = Callable[[str, str, str, bytes, str], Answer]
IDLE_SECONDS = 120


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, handle: Handle) -> None:
        self.handle = handle
        super().__init__((host, port), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "digitalocean-emulator"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True  # headers and body are two writes; a client would wait 40 ms between them

    def respond(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
        base = f"http://{self.headers.get('host', 'localhost')}"
        try:
            answer = self.server.handle(self.command, self.path, token, body, base)
        except Dropped:
            self._reset()
            return
        data = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if data:
            self.send_header("content-type", "application/json; charset=utf-8")
        if answer.status != 204:
            self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """The emulator keeps a log of its own."""

    def _reset(self) -> None:
        """Closing with a linger of 0 sends RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
