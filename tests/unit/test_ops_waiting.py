"""The one waiting loop."""

from __future__ import annotations

import threading

import pytest

from ops.waiting import wait_until
from tests.unit.ops_clock import FakeClock


def test_the_first_true_result_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, results = FakeClock(monkeypatch), iter([0, 0, 7, 8])
    assert wait_until(lambda: next(results), 10) == 7
    assert clock.pauses == [0.5, 0.5]


def test_done_decides_in_place_of_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeClock(monkeypatch)
    codes = iter([None, 0])
    assert wait_until(lambda: next(codes), 10, done=lambda code: code is not None) == 0


def test_the_last_result_is_returned_and_the_last_look_is_at_the_end_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock(monkeypatch)
    assert wait_until(lambda: clock.now, 5, done=lambda now: False, interval_s=2) == 5
    assert clock.pauses == [2, 2, 1]


def test_no_time_means_one_look() -> None:
    looks = iter(["red", "green"])
    assert wait_until(lambda: next(looks), -1, done=lambda found: found == "green") == "red"


def test_an_event_ends_the_wait() -> None:
    end = threading.Event()
    end.set()
    looks = iter(["red", "green"])
    assert wait_until(lambda: next(looks), 60, done=lambda found: False, sleep=end.wait) == "red"
