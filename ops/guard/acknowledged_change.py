"""A change that the guard refuses, which somebody acknowledged."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from layers.settings.model import Settings
from ops.guard.kind import NEVER, Kind

Words = Annotated[str, Field(min_length=1, max_length=500)]


def _kind(given: object) -> Kind:
    kind = next((each for each in Kind if each == given), None)
    if kind is None or kind in NEVER:
        allowed = ", ".join(each for each in Kind if each not in NEVER)
        why = f"cannot be acknowledged: {NEVER[kind]}; others" if kind else "is no kind of change; kinds"
        raise ValueError(f"{given!r} {why} are {allowed}")
    return kind


class AcknowledgedChange(Settings):
    """One entry under ``changes`` of ``environments/acknowledged/<environment>.yaml``.

    Attributes:
        kind: as the plan prints it.
        about: what exactly, as the plan prints it; nothing stands for any part of it.
        reason: why it is intended, and what was done before, such as a backup.
        until: last day on which it may be deployed. Required: such a change is deployed once.
    """

    kind: Annotated[Kind, BeforeValidator(_kind)]
    about: Words
    reason: Words
    until: date

    def covers(self, kind: Kind, about: str, today: date) -> bool:
        """Whether it acknowledges this change today."""
        return (self.kind, self.about) == (kind, about) and today <= self.until

    def __str__(self) -> str:
        return f"{self.kind} of {self.about}"
