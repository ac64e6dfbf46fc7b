"""A bounded burst of requests from several threads, and what came back."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Burst:
    """How often each status came, and how many seconds all of it took."""

    statuses: Counter[int]
    seconds: float

    def most_let_through(self, *, average: int, burst: int) -> int:
        """What a rate limit of that form can let through in this time; a tenth more for clocks."""
        return math.ceil((burst + average * self.seconds) * 1.1)


def burst(count: int, threads: int, ask: Callable[[], int]) -> Burst:
    """Asks ``count`` times, ``threads`` at once. ``ask`` gives the status of one answer."""
    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        statuses = Counter(pool.map(lambda _: ask(), range(count)))
    return Burst(statuses=statuses, seconds=time.monotonic() - began)


class Background:
    """Asks without pause from some threads for as long as its context is open."""

    def __init__(self, threads: int, ask: Callable[[], int]) -> None:
        self.statuses: Counter[int] = Counter()
        self._ask = ask
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        self._lock = threading.Lock()
        self._began = 0.0
        self._ended = 0.0

    def __enter__(self) -> Background:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)
        self._ended = time.monotonic()

    @property
    def found(self) -> Burst:
        """Once it is over."""
        return Burst(statuses=self.statuses, seconds=self._ended - self._began)

    def _run(self) -> None:
        while not self._over.is_set():
            status = self._ask()
            with self._lock:
                self.statuses[status] += 1


def p95(seconds: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]
