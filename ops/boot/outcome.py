"""How far an image came in a trial, and what that says about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from ops.model.service import Service


class Reached(IntEnum):
    """From worst to best."""

    NOTHING = 0
    """The engine could not pull it, or not start its program."""
    ENDED = 1
    RUNS = 2
    """It runs, but its health check does not pass."""
    PASSED = 3
    """It is healthy; without a declared health check, it has kept running."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a container came out of its trial.

    Args:
        what: the same in words, such as ``ended with exit code 3 after 2 s``.
        log: its last lines, without secret values.
    """

    reached: Reached
    what: str
    log: tuple[str, ...] = ()

    @property
    def has_passed(self) -> bool:
        """Whether all that can be asked of it was seen."""
        return self.reached is Reached.PASSED


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a trial says about the new image of a service.

    Args:
        outcome: of the new image; none where it was not booted.
        control: of the image that the service runs now, booted the same way; none where the new one passed or did not start, or the service is new.
        lacks: what the trial could not give it.
        skipped: why it was not booted.
    """

    service: Service
    outcome: Outcome | None
    control: Outcome | None = None
    lacks: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether the image is at fault: the one that runs now came further in the same place. Where none runs, whether the trial
        had all that the service needs."""
        if self.outcome is None or self.outcome.has_passed:
            return False
        if self.outcome.reached is Reached.NOTHING:
            return True
        if self.control is not None:
            return self.control.reached > self.outcome.reached
        return not self.lacks

    @property
    def has_passed(self) -> bool:
        """Whether all that can be asked of the image was seen."""
        return self.outcome is not None and self.outcome.has_passed

    @property
    def line(self) -> str:
        """The level of proof, in words."""
        who = f"{self.service.name}, {self.service.image}"
        if self.outcome is None:
            return f"{who}: not booted: {self.skipped}"
        if self.outcome.has_passed or self.is_refused:
            return f"{who}: {self.outcome.what}"
        why = (
            f"the image that runs now {self.control.what} here, too"
            if self.control
            else "this says little about the image"
        )
        lacks = f"; the trial lacks {', '.join(self.lacks)}" if self.lacks else ""
        return f"{who}: {self.outcome.what}; not refused: {why}{lacks}"
