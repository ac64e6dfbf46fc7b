"""Passes reading requests on to the engine's socket. It knows no rules: whatever is read gets through.

What changes something does not, since on a machine that develops nobody may own the engine through here; that is a
precaution of this program's own, not a rule of the program that it stands in for.
"""

from __future__ import annotations

import os
import socket
import socketserver
import threading
from pathlib import Path

from .log import log

SOCKET = "/var/run/docker.sock"
MOST_HEAD = 65536


class _Pass(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        head = b""
        while (
            not head.endswith(b"\r\n\r\n") and len(head) < MOST_HEAD and (line := self.rfile.readline(8192))
        ):
            # One request for each connection: a second one would not be looked at.
            head += b"" if line.lower().startswith(b"connection:") else line
        if not head.startswith((b"GET ", b"HEAD ")):
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(SOCKET)
            engine.sendall(head[:-2] + b"Connection: close\r\n\r\n")
            threading.Thread(target=self._end_with_client, args=(engine,), daemon=True).start()
            while part := engine.recv(65536):
                self.wfile.write(part)

    def _end_with_client(self, engine: socket.socket) -> None:
        """A followed log never ends by itself."""
        try:
            self.connection.recv(1)
            engine.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever goes away while reading is no error."""


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """The same."""


def serve(path: str, port: int) -> None:
    """Listen on the Unix socket ``path``, or where that is empty on a TCP port; starts a thread."""
    server: socketserver.BaseServer
    if path:
        Path(path).unlink(missing_ok=True)
        server = _Unix(path, _Pass)
        os.chmod(path, 0o666)
    else:
        server = _Tcp(("", port), _Pass)
    log("info", f"passes reading requests from {path or f':{port}'} to {SOCKET}; no rule is applied")
    threading.Thread(target=server.serve_forever, daemon=True).start()
