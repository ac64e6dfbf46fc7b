"""Gives tests the code of the stand-in images, which is not part of any installed package."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

IMAGES = Path(__file__).resolve().parents[2] / "images" / "recipes"


def load(image: str, module: str) -> ModuleType:
    """The module `module` out of the folder images/<image>."""
    for folder in (IMAGES / "stand-in", IMAGES / image):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    return importlib.import_module(module)


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """Serve an application on a free loopback port; gives `127.0.0.1:<port>`."""
    server = load("stand-in", "standin.http_server").listen(0, application, "127.0.0.1")
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
