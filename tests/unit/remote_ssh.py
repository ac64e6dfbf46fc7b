"""Takes the place of ssh: an engine behind the forwarded socket, whose service `web` has a log that can be followed.

It writes its arguments and its process to files beside itself. ``CUT`` as a file there ends the log within a line.
"""

from __future__ import annotations

import json
import os
import socketserver
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

HERE = Path(__file__).parent
LINE = b"2026-11-28T04:00:02.000000000Z com.docker.swarm.task.id=task1 hello\n"
SERVICE = {"ID": "web-id", "Spec": {"Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": "x"}}}}
TASK = {
    "ID": "task1",
    "ServiceID": "web-id",
    "Slot": 1,
    "Status": {"State": "running"},
    "DesiredState": "running",
}


class Engine(BaseHTTPRequestHandler):
    """The few answers of its API."""

    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "socket"

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        if "/logs" in self.path:
            self.follow()
            return
        answers = {"/version": {"ApiVersion": "1.41"}, "/services": [SERVICE], "/tasks": [TASK]}
        found = next((each for end, each in answers.items() if self.path.split("?")[0].endswith(end)), {})
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def follow(self) -> None:
        (HERE / "query").write_text(self.path)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        frame = struct.pack(">BxxxL", 1, len(LINE)) + LINE
        self.wfile.write(f"{len(frame):x}\r\n".encode() + frame + b"\r\n")
        self.wfile.flush()
        if (HERE / "cut").exists():
            os._exit(255)
        while "follow=1" in self.path or "follow=True" in self.path:
            time.sleep(0.1)
        self.wfile.write(b"0\r\n\r\n")


if __name__ == "__main__":
    (HERE / "arguments").write_text(json.dumps(sys.argv[1:]))
    (HERE / "process").write_text(str(os.getpid()))
    socket = sys.argv[sys.argv.index("-L") + 1].partition(":")[0]

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    Server(socket, Engine).serve_forever()
