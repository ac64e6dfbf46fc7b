"""What came of a step or a check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


class CheckFailed(Exception):
    """A check that found something else than it should have: what, in one line or a few."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One of them.

    Attributes:
        ok: passed; None where it does not apply to this rehearsal.
        seconds: how long it took.
        found: what it saw, measured or missed.
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
