"""Serves a stand-in's application on loopback and asks it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from images.standin.http_server import Application, HttpServer


@contextmanager
def serving(application: Application) -> Iterator[str]:
    """Serve an application on a free port; gives `127.0.0.1:<port>`."""
    server = HttpServer(0, application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: Message
    body: bytes


def ask(
    address: str,
    target: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | str | None = None,
) -> Reply:
    """One request to `127.0.0.1:<port>`; redirects are not followed."""
    parts = urlsplit(f"http://{address}")
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()
