"""How a service shows that it is healthy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .errors import stated
from .units import duration


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """A command run inside the task; a task counts as running only once it has passed.

    Defaults are for services that start in well under a minute: every 10 s, 5 s to answer, 3 misses in a row
    are a failure, and misses in the first 60 s (``start_period``) do not count. Durations take ``90s`` or
    ``1m30s``. Make one with :meth:`command`, :meth:`shell`, :meth:`http` or, with a reason, :meth:`none`.
    """

    test: tuple[str, ...]
    interval: str = "10s"
    timeout: str = "5s"
    retries: int = 3
    start_period: str = "60s"
    because: str | None = None

    def __post_init__(self) -> None:
        for field in ("interval", "timeout", "start_period"):
            object.__setattr__(self, field, duration(getattr(self, field)))

    @classmethod
    def command(cls, *words: str) -> "HealthCheck":
        """Exec form: no shell needed in the image."""
        return cls(test=("CMD", *words))

    @classmethod
    def shell(cls, line: str) -> "HealthCheck":
        """Shell form; the image must have ``/bin/sh``."""
        return cls(test=("CMD-SHELL", line))

    @classmethod
    def http(cls, port: int, path: str = "/") -> "HealthCheck":
        """GET on loopback by wget (in Alpine and most Debian based images).

        127.0.0.1, since ``localhost`` may be ::1.
        """
        return cls.shell(f"wget -q -T 5 -O /dev/null http://127.0.0.1:{port}{path}")

    @classmethod
    def none(cls, *, because: str) -> "HealthCheck":
        """No check inside the task, for images without a shell or a probe of their own.

        The reason is kept for reviewers.
        """
        return cls(test=("NONE",), because=stated(because))

    def every(self, interval: str, *, timeout: str, retries: int, start_period: str) -> "HealthCheck":
        """The same check with other times."""
        return replace(self, interval=interval, timeout=timeout, retries=retries, start_period=start_period)

    @property
    def words(self) -> Sequence[str]:
        """The command as Docker's API takes it."""
        return list(self.test)
