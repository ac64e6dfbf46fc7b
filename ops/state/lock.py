"""Tests whether a server's conditional writes exclude each other: ``use_lockfile`` needs that, and not every server does it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ops.state.bucket import Bucket

ROUNDS = 40
WRITERS = 2


@dataclass(frozen=True, kw_only=True)
class Race:
    """The result of all rounds.

    Attributes:
        won: how many writers created the object in each round; a lock excludes if it is one each time.
        over_existing: rounds in which a late writer overwrote the existing object.
    """

    won: tuple[int, ...]
    over_existing: int

    @property
    def excludes(self) -> bool:
        """Whether exactly one writer won each time, and none overwrote the object."""
        return bool(self.won) and all(count == 1 for count in self.won) and not self.over_existing

    def __str__(self) -> str:
        if self.excludes:
            return f"{len(self.won)} rounds of {WRITERS} racing writers: exactly one won each time"
        both = sum(count > 1 for count in self.won)
        none = sum(count == 0 for count in self.won)
        return (
            f"of {len(self.won)} rounds of {WRITERS} racing writers, several won {both} times and none {none} times; "
            f"{self.over_existing} times a late writer overwrote another's lock"
        )


def race(
    connect: Callable[[], Bucket], *, rounds: int = ROUNDS, say: Callable[[str], None] = lambda text: None
) -> Race:
    """Lets two writers, each with its own connection, create the same object at the same time, in many rounds.

    Objects have unique names below ``lock-trial/`` and are deleted afterwards.
    """
    buckets = [connect() for _ in range(WRITERS)]
    won: list[int] = []
    over = 0
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        for number in range(rounds):
            say(f"racing writers, round {number + 1} of {rounds}")
            key = f"lock-trial/{uuid.uuid4()}.tflock"
            start = threading.Barrier(WRITERS)
            try:
                tries = [pool.submit(_write, bucket, key, start) for bucket in buckets]
                won.append(sum(each.result() for each in tries))
                over += buckets[0].write_if_absent(key, "too late")
            finally:
                buckets[0].delete(key)
    return Race(won=tuple(won), over_existing=over)


def _write(bucket: Bucket, key: str, start: threading.Barrier) -> bool:
    start.wait(timeout=30)
    return bucket.write_if_absent(key, f"writer {id(bucket)}")
