"""Runs Pebble, and a DNS server for it that answers every name with the address of the host ACME_TARGET.

Pebble proves control of a name by really connecting to it. Names like core.sprocket.localhost are in no DNS, so its
questions come here; ACME_TARGET is looked up again each time, since a restarted container has another address.
ACME_HTTP_PORT and ACME_TLS_PORT are the ports that it connects to there.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

_DNS_PORT = 8053
_A = 1
_SECONDS_TO_LIVE = 1


def answer(query: bytes, address: bytes | None) -> bytes:
    """DNS answer to one question: the address for type A, nothing for other types, SERVFAIL when there is none yet."""
    end = query.index(b"\0", 12) + 5
    question, kind = query[12:end], int.from_bytes(query[end - 4 : end - 2], "big")
    failed = address is None
    records = b""
    if kind == _A and address is not None:
        records = (
            b"\xc0\x0c" + query[end - 4 : end] + _SECONDS_TO_LIVE.to_bytes(4, "big") + b"\0\x04" + address
        )
    flags = (0x8180 | (2 if failed else 0)).to_bytes(2, "big")
    counts = b"\0\1" + (b"\0\1" if records else b"\0\0") + b"\0\0\0\0"
    return query[:2] + flags + counts + question + records


def _address() -> bytes | None:
    try:
        return socket.inet_aton(socket.gethostbyname(os.environ["ACME_TARGET"]))
    except OSError:
        return None


class _Datagram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        query, sock = self.request
        try:
            sock.sendto(answer(query, _address()), self.client_address)
        except (ValueError, IndexError):
            return


class _Stream(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        length = int.from_bytes(self.rfile.read(2), "big")
        try:
            reply = answer(self.rfile.read(length), _address())
        except (ValueError, IndexError):
            return
        self.wfile.write(len(reply).to_bytes(2, "big") + reply)


def _serve_dns() -> None:
    for server in (
        socketserver.ThreadingUDPServer(("127.0.0.1", _DNS_PORT), _Datagram),
        socketserver.ThreadingTCPServer(("127.0.0.1", _DNS_PORT), _Stream),
    ):
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()


def _config() -> Path:
    path = Path("/tmp/pebble.json")
    path.write_text(
        json.dumps(
            {
                "pebble": {
                    "listenAddress": "0.0.0.0:14000",
                    "managementListenAddress": "0.0.0.0:15000",
                    "certificate": "/etc/pebble/server.pem",
                    "privateKey": "/etc/pebble/server.key",
                    "httpPort": int(os.environ["ACME_HTTP_PORT"]),
                    "tlsPort": int(os.environ["ACME_TLS_PORT"]),
                }
            }
        )
    )
    return path


def main() -> None:
    """Entry point: ends when Pebble ends, and ends Pebble on TERM."""
    _serve_dns()
    pebble = subprocess.Popen(["pebble", "-config", str(_config()), "-dnsserver", f"127.0.0.1:{_DNS_PORT}"])

    def leave(number: int, frame: FrameType | None) -> None:
        pebble.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    code = pebble.wait()
    sys.exit(0 if code == -signal.SIGTERM else 1)


if __name__ == "__main__":
    main()
