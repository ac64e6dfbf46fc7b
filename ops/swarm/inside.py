"""A command inside a container, with something on its standard input: the one way in for a value that no list of processes may show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from docker.utils.socket import frames_iter

from ops.waiting import wait_until

ENDS_WITHIN_S = 30.0
"""From the last byte of a command's output until the engine must know its exit code."""

Feed = Callable[[socket.socket], object]
"""Writes to the command's standard input, and ends it with ``shutdown(SHUT_WR)``."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended. The engine has no exit code of a command that it lost the connection to."""

    code: int | None
    out: bytes
    err: bytes


def run(
    api: Any,
    container: str,
    words: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    feed: Feed | None = None,
) -> Ended:
    """Runs a command and reads both of its outputs to their end.

    Args:
        api: the engine of the container.
        environment: further variables of the command; no secrets.
        feed: without it, the command has no standard input.
    """
    made = api.exec_create(
        container, list(words), stdin=feed is not None, environment=dict(environment or {})
    )
    stream = api.exec_start(made["Id"], socket=True)
    connection: socket.socket = getattr(stream, "_sock", stream)
    connection.settimeout(None)
    answers = {1: bytearray(), 2: bytearray()}

    def read() -> None:
        # A command that ends before it has read everything resets the connection; its output came first.
        with suppress(ConnectionResetError):
            for number, data in frames_iter(stream, tty=False):  # type: ignore[no-untyped-call]
                answers[number] += data

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        if feed is not None:
            feed(connection)
        reader.join()
    finally:
        # The reader holds the connection too: closing it here alone would leave the other side waiting for more.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        reader.join(5)
        if hasattr(stream, "_response"):  # docker's package keeps it, and it keeps the connection
            stream._response.close()
        stream.close()
        connection.close()
    return Ended(code=_exit_code(api, made["Id"]), out=bytes(answers[1]), err=bytes(answers[2]))


def text(content: str) -> Feed:
    """Feeds a text. A command that ends before it has read it is no error: its output says why."""

    def feed(connection: socket.socket) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(content.encode())
            connection.shutdown(socket.SHUT_WR)

    return feed


def _exit_code(api: Any, run_: str) -> int | None:
    """The engine has none while it runs, and a cut connection looks like its end."""
    code: int | None = wait_until(
        lambda: api.exec_inspect(run_)["ExitCode"],
        ENDS_WITHIN_S,
        done=lambda code: code is not None,
        interval_s=0.2,
    )
    return code
