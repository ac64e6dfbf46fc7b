"""CPU and memory of a task: limits and reservations."""

from dataclasses import dataclass

from .units import mebibytes, size


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Limits and reservations of one task.

    Reservations decide where a task fits, so their sum must fit the nodes; limits are bursts and may add up
    to more. CPU in cores (0.5), memory in KiB, MiB or GiB. A limit below its reservation is refused:
    the task would hold what it may never use.
    """

    cpu_limit: float
    memory_limit: str
    cpu_reservation: float
    memory_reservation: str

    def __post_init__(self) -> None:
        if self.memory_limit_bytes < self.memory_reservation_bytes:
            raise ValueError(
                f"memory limit {self.memory_limit} is below the reservation {self.memory_reservation}; "
                "raise the limit or reserve less"
            )
        if not 0 < self.cpu_reservation <= self.cpu_limit:
            raise ValueError(
                f"cpu reservation {self.cpu_reservation} must be above 0 "
                f"and at most the limit {self.cpu_limit}"
            )

    @property
    def memory_limit_bytes(self) -> int:
        """Above it the kernel kills the task."""
        return size(self.memory_limit)

    @property
    def memory_reservation_bytes(self) -> int:
        """What a node must have left for the task to be placed there."""
        return size(self.memory_reservation)

    @property
    def nano_cpu_limit(self) -> int:
        """Billionths of a core; above it the task waits."""
        return round(self.cpu_limit * 1_000_000_000)

    @property
    def nano_cpu_reservation(self) -> int:
        """Billionths of a core that a node must have left."""
        return round(self.cpu_reservation * 1_000_000_000)

    def mebibytes_of_limit(self, share: float) -> int:
        """A share of the memory limit in whole MiB: what a heap or a cache inside the task may take."""
        return int(self.memory_limit_bytes * share) // 1024**2

    def __str__(self) -> str:
        return f"{self.cpu_limit:g} cpu, {mebibytes(self.memory_limit_bytes)}"
