"""The clock that ops waits by, for its tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_WAITING = (
    "ops.waiting",
    "ops.cloud.client",
    "ops.nodes.readiness",
    "ops.swarm.tasks",
    "ops.backup.side_by_side",
    "ops.deploy.observation",
)
"""Not the whole process: ``subprocess`` sleeps, too."""


class FakeClock:
    """Stands for the module ``time``: it passes only while somebody sleeps; ``then`` hears of each moment that comes."""

    def __init__(self, patch: pytest.MonkeyPatch, then: Callable[[float], object] = lambda now: None) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._then = then
        for module in _WAITING:
            patch.setattr(f"{module}.time", self)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
        self._then(self.now)
