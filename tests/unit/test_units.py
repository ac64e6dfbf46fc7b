"""Durations and sizes: one spelling, and nothing guessed."""

import pytest
from sprocket_constructs import duration, mebibytes, seconds, size

# What Go prints for these durations, shortened as the Docker provider does (its shortDur).
GO_PRINTS = {
    "0s": "0s",
    "0h0m0s": "0s",
    "1s": "1s",
    "59s": "59s",
    "60s": "1m",
    "1m": "1m",
    "61s": "1m1s",
    "90s": "1m30s",
    "1m90s": "2m30s",
    "60m": "1h",
    "3600s": "1h",
    "90m": "1h30m",
    "1h0m5s": "1h0m5s",
    "3605s": "1h0m5s",
    "1h30m10s": "1h30m10s",
    "25h": "25h",
}


@pytest.mark.parametrize(("written", "printed"), GO_PRINTS.items())
def test_a_duration_is_spelled_as_go_prints_it(written: str, printed: str) -> None:
    assert duration(written) == printed


@pytest.mark.parametrize(
    "count", [0, 1, 59, 60, 61, 599, 3599, 3600, 3601, 3660, 3661, 86_399, 86_400, 90_061]
)
def test_a_duration_keeps_its_length_and_is_spelled_one_way(count: int) -> None:
    spelled = duration(f"{count}s")
    assert seconds(spelled) == count
    assert duration(spelled) == spelled


@pytest.mark.parametrize("text", ["", "90", "s", "5ms", "1.5h", "1d", "-5s", "5s ", "90s\n", "5S", "10s5m"])
def test_a_duration_without_clear_units_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration") as caught:
        seconds(text)
    assert str(caught.value) == (
        f"duration {text!r} is not understood; "
        "write hours, minutes and seconds with their unit, such as 90s or 1m30s"
    )


@pytest.mark.parametrize(
    ("text", "count"),
    [("1KiB", 1024), ("64MiB", 67_108_864), ("1GiB", 1_073_741_824), ("1.5GiB", 1_610_612_736), ("0MiB", 0)],
)
def test_sizes_are_binary(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "64", "64MB", "64M", "1 GiB", "-1MiB", "1GiB\n", "GiB", "1,5GiB"])
def test_a_size_that_is_ambiguous_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="size") as caught:
        size(text)
    assert (
        str(caught.value) == f"size {text!r} is not understood; write it with KiB, MiB or GiB, such as 512MiB"
    )


@pytest.mark.parametrize("text", ["1MiB", "64MiB", "1536MiB", "1GiB", "3GiB"])
def test_a_size_of_whole_mebibytes_survives_the_way_there_and_back(text: str) -> None:
    assert mebibytes(size(text)) == text


def test_sizes_are_printed_in_the_larger_unit_only_where_it_is_exact() -> None:
    assert mebibytes(size("1.5GiB")) == "1536MiB"
    assert mebibytes(size("1025KiB")) == "1MiB"
    assert mebibytes(0) == "0MiB"
