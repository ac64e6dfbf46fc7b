"""Ports that only accept: gRPC is not spoken here."""

from __future__ import annotations

import socket
import socketserver
import threading

CONNECT_SECONDS = 3.0


class _Closer(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Hold the connection until the other side has had enough, a minute at the most."""
        self.request.settimeout(60)
        try:
            while self.request.recv(4096):
                pass
        except OSError:
            return


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def accept(port: int) -> None:
    """Accept connections on a port from now on, in a thread."""
    threading.Thread(target=_Server(("0.0.0.0", port), _Closer).serve_forever, daemon=True).start()


def reachable(address: str) -> bool:
    """Whether `host:port` accepts a connection."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS):
            return True
    except (OSError, ValueError):
        return False
