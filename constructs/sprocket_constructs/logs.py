"""Where a task's output goes."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LogRotation:
    """Docker's ``json-file`` driver, rotated: ``max_size`` x ``max_file`` per task at most (default 30 MB).

    A collector reads the logs through the engine; it is never in the path of a write, so a dead collector
    cannot stop a service (docs of the predecessor: a log driver pointed at a collector took every container
    with it).
    """

    max_size: str = "10m"
    max_file: int = 3

    @property
    def options(self) -> dict[str, str]:
        """The same as the driver takes it."""
        return {"max-size": self.max_size, "max-file": str(self.max_file)}
