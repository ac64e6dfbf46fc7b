"""Ctrl-C while another program works: it must end in order, or it loses what it was doing."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def passing_on(process: subprocess.Popen[str], told: Callable[[], None]) -> Iterator[None]:
    """Passes the first Ctrl-C or SIGTERM on; further ones are ignored, since they would lose the state.

    Args:
        told: called at the first.
    """
    passed: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if not passed:
            passed.append(number)
            told()
            process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
