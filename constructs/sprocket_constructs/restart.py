"""What happens when a task ends."""

from dataclasses import dataclass

from .units import duration


@dataclass(frozen=True, kw_only=True)
class RestartPolicy:
    """Restart any task that ends, after a pause.

    All fields are always sent: the provider turns an incomplete policy into ``delay 0`` on the first update,
    the crash loop that once filled a node's disk at 1 GB per restart. There is no limit on attempts, because
    a service with one would stay at 0/1 forever after a long outage of what it depends on; ``delay``
    (default 10 s) bounds the rate instead.
    """

    delay: str = "10s"
    window: str = "2m"

    def __post_init__(self) -> None:
        for field in ("delay", "window"):
            object.__setattr__(self, field, duration(getattr(self, field)))
