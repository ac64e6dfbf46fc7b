"""The outcome of a step or a check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


class CheckFailed(Exception):
    """A check failed; the message says what it found."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of one step or check.

    Attributes:
        ok: passed; None where it does not apply to this rehearsal.
        seconds: how long it took.
        found: what it measured, or what was wrong.
    """

    name: str
    ok: bool | None
    seconds: float
    found: str = ""

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "seconds": round(self.seconds, 1)}

    @property
    def word(self) -> str:
        """For people."""
        return {True: "passed", False: "FAILED", None: "left out"}[self.ok]
