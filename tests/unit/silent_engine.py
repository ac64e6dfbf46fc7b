"""An engine that answers until it is asked for one thing, and says nothing to that: the other end is held open, as by a firewall that drops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


@contextmanager
def silent_engine(
    folder: Path, *, name: str, silent_to: str, says: bytes = b""
) -> Iterator[tuple[str, threading.Event]]:
    """Its address, and whether it was asked.

    Args:
        name: of its node.
        silent_to: part of the path that it does not answer.
        says: what it sends before it falls silent.
    """
    asked, ended = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            if silent_to in self.path:
                self.wfile.write(says)
                asked.set()
                ended.wait(60)
                self.close_connection = True
            elif self.path.endswith("/version"):
                self._send(200, '{"ApiVersion": "1.44"}')
            elif self.path.endswith("/info"):
                self._send(200, f'{{"Name": "{name}"}}')
            else:
                self._send(404, '{"message": "No such image"}')

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _send(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def address_string(self) -> str:
            return "engine"

        def log_message(self, format: str, *words: Any) -> None:
            """Nothing."""

    path = folder / f"{name}.sock"
    server = _Server(str(path), Handler)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"unix://{path}", asked
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        serving.join()
