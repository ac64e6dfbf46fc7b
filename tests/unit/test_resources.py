"""Limits and reservations."""

import pytest
from sprocket_constructs import Resources


def resources(
    *, cpu: float = 0.5, memory: str = "512MiB", reserved_cpu: float = 0.1, reserved: str = "64MiB"
) -> Resources:
    return Resources(
        cpu_limit=cpu, memory_limit=memory, cpu_reservation=reserved_cpu, memory_reservation=reserved
    )


def test_a_memory_limit_below_the_reservation_is_refused() -> None:
    with pytest.raises(ValueError, match="memory") as caught:
        resources(memory="32MiB", reserved="64MiB")
    assert str(caught.value) == (
        "memory limit 32MiB is below the reservation 64MiB; raise the limit or reserve less"
    )


@pytest.mark.parametrize("reserved", [0, -1, 0.6])
def test_a_cpu_reservation_outside_of_the_limit_is_refused(reserved: float) -> None:
    with pytest.raises(ValueError, match="cpu") as caught:
        resources(cpu=0.5, reserved_cpu=reserved)
    assert str(caught.value) == f"cpu reservation {reserved} must be above 0 and at most the limit 0.5"


def test_a_reservation_may_be_all_of_the_limit() -> None:
    assert (
        resources(memory="64MiB", reserved="64MiB", cpu=0.5, reserved_cpu=0.5).nano_cpu_limit == 500_000_000
    )


def test_a_share_of_the_limit_is_whole_mebibytes() -> None:
    assert resources(memory="512MiB").mebibytes_of_limit(0.75) == 384
    assert resources(memory="100MiB").mebibytes_of_limit(0.333) == 33


def test_people_read_the_limit() -> None:
    assert str(resources(cpu=1.5, memory="2048MiB")) == "1.5 cpu, 2GiB"
