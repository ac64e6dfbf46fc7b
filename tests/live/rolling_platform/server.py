"""Answers every request with its own name, and a WebSocket with nothing; asked to leave, it closes WebSockets first (1001, going away)."""

import base64
import hashlib
import os
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
GOING_AWAY = bytes([0x88, 2]) + (1001).to_bytes(2, "big")
sockets: list[socket.socket] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        key = self.headers.get("Sec-WebSocket-Key")
        if key:
            accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
            self.send_response(101)
            for name, value in (
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Accept", accept),
            ):
                self.send_header(name, value)
            self.end_headers()
            sockets.append(self.connection)
            while self.connection.recv(1024):
                pass
            return
        body = socket.gethostname().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


def leave(*_: object) -> None:
    for each in sockets:
        try:
            each.sendall(GOING_AWAY)
            each.shutdown(socket.SHUT_WR)
        except OSError:
            continue
    os._exit(0)


signal.signal(signal.SIGTERM, leave)
ThreadingHTTPServer.request_queue_size = 128
server = ThreadingHTTPServer(("", 3000), Handler)
threading.Thread(target=server.serve_forever).start()
