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
        of_image: whether the image is at fault wherever it boots: it cannot be pulled, or lacks its program.
        log: its last lines, without secret values.
    """

    reached: Reached
    what: str
    of_image: bool = False
    log: tuple[str, ...] = ()

    @property
    def has_passed(self) -> bool:
        """Whether all that can be asked of it was seen."""
        return self.reached is Reached.PASSED


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a trial says about the new image of a service.

    Args:
        outcome: of the new image, at its last start; none where it was not booted.
        earlier: at its first start, where it was started twice.
        control: of the image that the service runs now, booted the same way; none where the new one passed or is at fault for itself,
            the service is new, or there was no room or time for it.
        runs: whether the service runs already.
        lacks: what the trial could not give it.
        skipped: why it was not booted, or not a second time, or its control was not.
    """

    service: Service
    outcome: Outcome | None
    earlier: Outcome | None = None
    control: Outcome | None = None
    runs: bool = False
    lacks: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def is_worse(self) -> bool:
        """Whether the image that runs now came further in the same place. Where the service is new: whether the trial had all that it
        needs. A control that could not be booted says nothing."""
        if self.outcome is None or self.outcome.has_passed:
            return False
        if self.outcome.of_image:
            return True
        if not self.runs:
            return not self.lacks
        return self.control is not None and self.control.reached > self.outcome.reached

    @property
    def is_refused(self) -> bool:
        """Whether the image is at fault: it is worse at a second start, too. What lacks its program needs no second start."""
        certain = self.earlier is not None or (self.outcome is not None and self.outcome.of_image)
        return self.is_worse and certain

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
        what = self.outcome.what
        if self.earlier:
            same = what == self.earlier.what
            what = (
                f"{what}, twice"
                if same
                else f"{what} at the second start; at the first it {self.earlier.what}"
            )
        if self.outcome.has_passed or self.is_refused:
            return f"{who}: {what}"
        lacks = f"; the trial lacks {', '.join(self.lacks)}" if self.lacks else ""
        return f"{who}: {what}; not refused: {self._why_not_refused}{lacks}"

    @property
    def _why_not_refused(self) -> str:
        if self.is_worse:
            return f"it was not started a second time: {self.skipped}"
        if not self.runs:
            return "this says little about the image"
        if self.control is None:
            return f"cannot be compared: the image that runs now was not booted: {self.skipped}"
        if self.control.reached is Reached.NOTHING:
            return f"cannot be compared: the image that runs now {self.control.what}"
        return f"the image that runs now {self.control.what} here, too"
