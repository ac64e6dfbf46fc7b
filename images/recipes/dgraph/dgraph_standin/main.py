"""Command line of both roles.

Flags that are not known here are accepted and ignored, as they tune the real database.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from standin.http_server import Request, Response, listen
from standin.log import Refusal, announce, log, refuse
from standin.stop import exit_on_signals

from dgraph_standin.ports import accept, reachable

_IMAGE = "dgraph/dgraph:v21.12.0"
_CHECK_SECONDS = 5.0


def _flag(words: list[str], name: str, default: str) -> str:
    """The value of `--name=value` or `--name value`."""
    for index, word in enumerate(words):
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
        if word == f"--{name}" and index + 1 < len(words):
            return words[index + 1]
    return default


def _keep(folder: str) -> None:
    """Make the folder that holds the data, so that a volume without the right to write is found at start."""
    try:
        Path(folder).mkdir(exist_ok=True)
        (Path(folder) / "stand-in").touch()
    except OSError as error:
        raise Refusal(f"/dgraph/{folder}: {error.strerror}; the volume must be writable") from error


def _zero() -> None:
    _keep("zw")
    accept(5080)

    def answer(request: Request) -> Response:
        if request.path == "/health":
            return Response.text(200, "OK")
        if request.path == "/state":
            return Response.json(
                200, {"counter": "0", "groups": {}, "zeros": {"1": {"id": "1", "leader": True}}}
            )
        return Response.text(404, "404 page not found\n")

    listen(6080, answer).serve_forever()


class _Zero:
    """Whether an alpha's zero answers, asked every few seconds."""

    def __init__(self, address: str) -> None:
        self.address, self.up = address, False
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            up = reachable(self.address)
            if up != self.up:
                self.up = up
                log(
                    "info" if up else "error",
                    f"zero at {self.address} {'answers' if up else 'does not answer'}",
                )
            time.sleep(_CHECK_SECONDS)


def _alpha(words: list[str]) -> None:
    _keep("p")
    zero = _Zero(_flag(words, "zero", "localhost:5080"))
    accept(7080)
    accept(9080)

    def answer(request: Request) -> Response:
        if request.path != "/health":
            return Response.text(404, "404 page not found\n")
        status = "healthy" if zero.up else "unhealthy"
        body = [{"instance": "alpha", "address": _flag(words, "my", "localhost:7080"), "status": status}]
        return Response.json(200 if zero.up else 503, body)

    listen(8080, answer).serve_forever()


def main() -> None:
    """Run the role that the first word names."""
    exit_on_signals()
    role, words = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    announce(_IMAGE, "ports, health pages and order of start; no database")
    try:
        if role == "zero":
            _zero()
        elif role == "alpha":
            _alpha(words)
        else:
            raise Refusal(f"dgraph {role!r}: zero or alpha is allowed here")
    except Refusal as refusal:
        refuse(str(refusal))
