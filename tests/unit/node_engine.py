"""The engine's socket as far as joining a swarm needs it."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.serving import serving


class FakeEngine:
    """Takes POST /swarm/join. `joins` are the bodies; `refusal` is what it says instead; `on_join` becomes its state."""

    def __init__(self, socket: Path, state: Path) -> None:
        self.socket = socket
        self.joins: list[dict[str, object]] = []
        self.refusal = ""
        self._state = state

    def join(self, body: dict[str, object]) -> tuple[int, str]:
        self.joins.append(body)
        if self.refusal:
            return 500, json.dumps({"message": self.refusal})
        (self._state / "swarm").write_text('{"LocalNodeState":"active","NodeID":"new"}')
        return 200, ""


@contextmanager
def running(engine: FakeEngine) -> Iterator[FakeEngine]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, text = engine.join(body) if self.path == "/swarm/join" else (404, "")
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def address_string(self) -> str:
            return "socket"

        def log_message(self, format: str, *args: object) -> None:
            """Tests print nothing."""

    with serving(socketserver.UnixStreamServer(str(engine.socket), Handler)):
        yield engine
