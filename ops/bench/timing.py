"""Times by the clock and by the processors, and what is made of several."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ops.errors import OpsError


@dataclass
class Seconds:
    """What something took by the clock, and of the processors where child processes did it."""

    wall: float = 0.0
    processor: float = 0.0


@contextmanager
def timed() -> Iterator[Seconds]:
    """Takes the time of its block; it is known once the block has ended."""
    taken = Seconds()
    used, started = _processor(), time.perf_counter()
    yield taken
    taken.wall, taken.processor = time.perf_counter() - started, _processor() - used


def in_turns(
    what: Mapping[str, Callable[[], Seconds]], runs: int, say: Callable[[str], None], *, warm_up: bool = True
) -> dict[str, Seconds]:
    """Medians by name. They take turns, so that a slow minute hits all of them.

    Args:
        runs: that count, of each.
        warm_up: whether there is one more run of each at the beginning that counts for nothing.
    """
    times: dict[str, list[Seconds]] = {name: [] for name in what}
    for number in range(0 if warm_up else 1, runs + 1):
        for name, run in what.items():
            say(f"{name}, {f'run {number} of {runs}' if number else 'to warm up'}")
            taken = run()
            if number:
                times[name].append(taken)
    return {name: median(taken) for name, taken in times.items()}


def median(taken: Sequence[Seconds]) -> Seconds:
    """The median of each of both times."""
    return Seconds(
        statistics.median(each.wall for each in taken), statistics.median(each.processor for each in taken)
    )


def per_service(none: float, some: float, count: int) -> float:
    """What one service costs beyond what none cost."""
    return (some - none) / count


def growth(costs: Mapping[int, float]) -> float:
    """Cost of one service in the largest stack over that in the smallest one with services; 1 is linear.

    Args:
        costs: of a whole stack, by its number of services; 0 has the cost of a stack without any.

    Raises:
        OpsError: the smallest one cost no more than a stack without any, which can only be noise.
    """
    small, *_, large = sorted(costs.keys() - {0})
    few = per_service(costs[0], costs[small], small)
    if few <= 0:
        raise OpsError(
            f"a stack of {small} services took {costs[small]:.2f} s, and one without any {costs[0]:.2f} s",
            fix="measure again when the machine is idle",
        )
    return per_service(costs[0], costs[large], large) / few


def _processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
