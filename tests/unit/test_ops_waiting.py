"""The one waiting loop."""

from __future__ import annotations

import threading

from ops.waiting import wait_until


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_the_first_true_result_is_returned() -> None:
    clock, results = Clock(), iter([0, 0, 7, 8])
    assert wait_until(lambda: next(results), 10, clock=clock, sleep=clock.sleep) == 7
    assert clock.pauses == [0.5, 0.5]


def test_done_decides_in_place_of_truth() -> None:
    clock, codes = Clock(), iter([None, 0])
    code = wait_until(
        lambda: next(codes), 10, done=lambda code: code is not None, clock=clock, sleep=clock.sleep
    )
    assert code == 0


def test_the_last_result_is_returned_and_the_last_look_is_at_the_end_of_the_time() -> None:
    clock = Clock()
    assert wait_until(clock, 5, done=lambda now: False, interval_s=2, clock=clock, sleep=clock.sleep) == 105
    assert clock.pauses == [2, 2, 1]


def test_no_time_means_one_look() -> None:
    clock, looks = Clock(), iter(["red", "green"])
    assert wait_until(lambda: next(looks), -1, done=lambda found: found == "green", clock=clock) == "red"


def test_an_event_ends_the_wait() -> None:
    end = threading.Event()
    end.set()
    looks = iter(["red", "green"])
    assert wait_until(lambda: next(looks), 60, done=lambda found: False, sleep=end.wait) == "red"
