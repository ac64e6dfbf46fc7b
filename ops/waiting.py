"""Waits until something is true."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    look: Callable[[], T],
    timeout_s: float,
    *,
    done: Callable[[T], object] = bool,
    interval_s: float = 0.5,
    sleep: Callable[[float], object] | None = None,
) -> T:
    """Looks until the result is ``done`` or the time is over, and returns the last result either way.

    The caller decides what a result means that is not ``done``: some raise an error, some report it. There is one look
    at the start, even with a timeout of 0, and one at the end of the time.

    Args:
        done: whether a result ends the wait; without it, whether the result is true.
        interval_s: pause between two looks.
        sleep: instead of ``time.sleep``; one that returns something true ends the wait, as ``threading.Event.wait`` does.
    """
    deadline = time.monotonic() + timeout_s
    while not done(found := look()):
        left_s = deadline - time.monotonic()
        if left_s <= 0 or (sleep or time.sleep)(min(interval_s, left_s)):
            break
    return found
