"""Serves a stand-in's application on loopback and asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from images.standin.http_server import Application, HttpServer
from tests.serving import serving as in_background


@contextmanager
def serving(application: Application) -> Iterator[str]:
    """Serve an application on a free port; gives `127.0.0.1:<port>`."""
    with in_background(HttpServer(0, application)) as server:
        yield f"127.0.0.1:{server.port}"


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
