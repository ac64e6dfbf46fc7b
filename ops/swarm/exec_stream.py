"""Commands in a container whose input and output are streams."""

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


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """Result of a command.

    Args:
        code: its exit code; ``None`` where the connection ended before the command did.
    """

    code: int | None
    out: bytes
    err: bytes


def run(
    api: Any,
    container: str,
    command: Sequence[str],
    *,
    feed: Callable[[socket.socket], object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Streamed:
    """Runs a command in a container and waits for its end.

    Args:
        feed: writes the command's input, and shuts down the writing side of the connection.
        environment: variables of the command; no secrets.
    """
    started = api.exec_create(
        container, list(command), stdin=feed is not None, environment=dict(environment or {})
    )["Id"]
    stream = api.exec_start(started, socket=True)
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
    return Streamed(code=_exit_code(api, started), out=bytes(answers[1]), err=bytes(answers[2]))


def text(content: bytes) -> Callable[[socket.socket], None]:
    """Feeds all of ``content`` to a command."""

    def into(connection: socket.socket) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # the command has ended; its output says why
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)

    return into


def _exit_code(api: Any, started: str) -> int | None:
    """The engine has none while a command runs, and a cut connection looks like the end of one."""
    code: int | None = wait_until(
        lambda: api.exec_inspect(started)["ExitCode"],
        ENDS_WITHIN_S,
        done=lambda code: code is not None,
        interval_s=0.2,
    )
    return code
