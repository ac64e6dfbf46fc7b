"""Sizes and times as people read them."""

from __future__ import annotations

import pytest

from ops.terminal.amounts import moment, size, span


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (5e15, "5000.0 TB")]
)  # fmt: skip
def test_sizes(count: float, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.6, "1 min"), (185, "3 min 5 s"), (7200, "2 h"), (187_205, "2 d 4 h"), (-3, "0 s")],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_moment_is_in_utc() -> None:
    assert moment(61) == "1970-01-01 00:01:01 UTC"
