"""How a task is stopped."""

from dataclasses import dataclass

from .units import duration


@dataclass(frozen=True, kw_only=True)
class Stop:
    """The signal and the time before SIGKILL.

    Always sent: without it the provider asks for a grace period of 0, which is an immediate SIGKILL, also for
    a database. A task should end within half of ``grace``: a task that uses all of it ends a destroy or a
    replace with an error, and the replaced service is not created.
    """

    grace: str = "10s"
    signal: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "grace", duration(self.grace))
        if self.grace == "0s":
            raise ValueError("stop grace 0s is SIGKILL at once; use at least some seconds, such as 10s")
