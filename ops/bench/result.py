"""What a benchmark found, or why it found nothing."""

from __future__ import annotations

from dataclasses import dataclass

_NAME, _VALUE = 14, 9


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One measured number and its upper limit.

    Args:
        value: a ratio; or seconds, where the unit says so.
        bar: what it may be at most; none for a number that is only shown.
        unit: ``s`` for seconds; empty for a ratio.
        detail: what it was made of.
    """

    name: str
    value: float
    bar: float | None = None
    unit: str = ""
    detail: str = ""

    @property
    def met(self) -> bool:
        """Whether it is within the limit; a number without one always is."""
        return self.bar is None or self.value <= self.bar

    def __str__(self) -> str:
        limit = "no bar" if self.bar is None else f"bar {self.bar:.2f}{self.unit}"
        verdict = "" if self.bar is None else "met" if self.met else "MISSED"
        value = f"{self.value:.2f}{self.unit}"
        return f"{self.name:<{_NAME}}{value:>{_VALUE}}  {limit:<10}  {verdict:<6}  {self.detail}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A benchmark that cannot run on this machine. It is neither met nor missed."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name:<{_NAME}}{'-':>{_VALUE}}  skipped: {self.reason}"


class CannotRun(Exception):
    """What a benchmark needs and this machine does not have. The message is the reason, in one line."""
