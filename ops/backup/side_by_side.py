"""Several stores at once, without threads: each is asked in turn how far it is."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from typing import TypeVar

from ops.errors import OpsError
from ops.terminal.screen import Say

INTERVAL_S = 1.0

T = TypeVar("T")

Work = Generator[str, None, T]
"""Gives what it is waiting for each time it is asked, and returns its result."""


def now() -> float:
    """Seconds of a clock that is never set."""
    return time.monotonic()


def side_by_side(works: Mapping[str, Work[T]], say: Say) -> tuple[dict[str, T], dict[str, OpsError]]:
    """Finishes all of them, and returns results and errors by name: one that fails stops no other."""
    left, results, errors = dict(works), dict[str, T](), dict[str, OpsError]()
    while left:
        waiting = {}
        for name, work in list(left.items()):
            try:
                waiting[name] = next(work)
            except StopIteration as end:
                results[name] = end.value
                del left[name]
            except OpsError as error:
                errors[name] = error
                del left[name]
        if left:
            say("; ".join(f"{name}: {what}" for name, what in waiting.items()))
            time.sleep(INTERVAL_S)
    return results, errors


def all_or_error(works: Mapping[str, Work[T]], say: Say) -> dict[str, T]:
    """Finishes all of them.

    Raises:
        OpsError: one failed; names all that did.
    """
    results, errors = side_by_side(works, say)
    if errors:
        raise together(errors)
    return results


def together(errors: Mapping[str, OpsError]) -> OpsError:
    """Several errors as one."""
    if len(errors) == 1:
        return next(iter(errors.values()))
    return OpsError("\n".join(str(error) for error in errors.values()))
