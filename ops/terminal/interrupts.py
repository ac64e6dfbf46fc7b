"""Passes Ctrl-C to a child process, which must stop in order or it loses its work."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def passing_on(
    process: subprocess.Popen[Any], told: Callable[[], None], *, group: bool = False
) -> Iterator[None]:
    """Passes on the first Ctrl-C or SIGTERM as SIGINT; ignores further ones, which would lose the state.

    Args:
        told: called at the first signal.
        group: to all processes of the group that it leads, as a terminal does: a program that starts others may not pass it on.
    """
    passed: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if not passed:
            passed.append(number)
            told()
            if group:
                os.killpg(process.pid, signal.SIGINT)
            else:
                process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Postponed:
    """Whether there was a Ctrl-C that was not followed yet."""

    came = False


@contextmanager
def postponing(told: Callable[[], object], *, all_of_them: bool = False) -> Iterator[Postponed]:
    """Notes the first Ctrl-C or SIGTERM instead of raising it, for work that must not be cut in half; a second one is raised.

    Args:
        told: called at the first signal.
        all_of_them: whether further ones are only noted and told, too: for work that ends by itself within seconds.
    """
    postponed = Postponed()

    def note(number: int, frame: FrameType | None) -> None:
        if postponed.came and not all_of_them:
            raise KeyboardInterrupt
        postponed.came = True
        told()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield postponed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
