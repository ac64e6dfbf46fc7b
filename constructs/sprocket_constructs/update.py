"""How a service moves from one version to the next."""

from dataclasses import dataclass, replace
from enum import StrEnum

from .units import duration


class UpdateOrder(StrEnum):
    """Which of the two tasks goes first."""

    START_FIRST = "start-first"
    STOP_FIRST = "stop-first"


@dataclass(frozen=True, kw_only=True)
class UpdatePolicy:
    """The rolling update: one task at a time, and back to the old version when the new one fails.

    ``failure_action`` is always ``rollback``: with ``pause`` the next plan says "no changes" while half of
    the update is applied. ``monitor`` is how long a new task is watched once it is healthy (default 15 s).
    """

    order: UpdateOrder
    monitor: str = "15s"
    delay: str = "0s"

    def __post_init__(self) -> None:
        for field in ("monitor", "delay"):
            object.__setattr__(self, field, duration(getattr(self, field)))

    @classmethod
    def start_first(cls) -> "UpdatePolicy":
        """For services that may run twice at once: the new task is healthy before the old one stops, so no request fails.

        ``delay`` 5 s gives the proxy (refresh 2 s) time to learn the new address before the old one stops.
        """
        return cls(order=UpdateOrder.START_FIRST, delay="5s")

    @classmethod
    def stop_first(cls) -> "UpdatePolicy":
        """For services that must never run twice at once: stores, bots with one session, schedulers, host ports."""
        return cls(order=UpdateOrder.STOP_FIRST)

    def watched_for(self, monitor: str) -> "UpdatePolicy":
        """The same policy with another watch time after each task."""
        return replace(self, monitor=monitor)
