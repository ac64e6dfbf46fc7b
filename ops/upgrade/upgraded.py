"""What a change of version did, and how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ops.backup import side_by_side
from ops.terminal.amounts import span


@dataclass
class Upgraded:
    """What was done.

    Args:
        steps: seconds of each step, in order.
        away_s: how long services were stopped.
        notes: what else is to be known.
    """

    store: str
    change: str
    steps: dict[str, float] = field(default_factory=dict)
    away_s: float = 0.0
    notes: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "store": self.store,
            "change": self.change,
            "steps": {step: round(seconds, 1) for step, seconds in self.steps.items()},
            "away_seconds": round(self.away_s, 1),
            "notes": self.notes,
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.store}: {self.change}"
        yield from (f"  {step}: {span(seconds)}" for step, seconds in self.steps.items())
        yield f"  services were away for {span(self.away_s)}"
        yield from self.notes

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Notes how long a step takes."""
        began = side_by_side.now()
        yield
        self.steps[name] = side_by_side.now() - began
