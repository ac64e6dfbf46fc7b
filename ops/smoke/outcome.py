"""The outcome of one check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Status(StrEnum):
    """``not checked`` is not a success: this run could not check it, and says why."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One check: what was expected, and what was found.

    Args:
        area: the group in the report.
        name: what was checked; unique in its area.
        found: what was found; for ``not checked``, the reason.
        fix: where to look when it failed.
        ran: what runs in the checked service: ``real``, ``real, other version <x>`` or ``stand-in``.
    """

    area: str
    name: str
    status: Status
    expected: str = ""
    found: str = ""
    fix: str = ""
    ran: str = ""

    @classmethod
    def of(cls, area: str, name: str, ok: bool, *, expected: str, found: str, fix: str = "") -> Outcome:
        """Passed or failed."""
        status = Status.PASSED if ok else Status.FAILED
        return cls(area=area, name=name, status=status, expected=expected, found=found, fix="" if ok else fix)

    @classmethod
    def skipped(cls, area: str, name: str, *, because: str) -> Outcome:
        """Not checked, with the reason."""
        return cls(area=area, name=name, status=Status.NOT_CHECKED, found=because)

    def as_data(self) -> dict[str, str]:
        """For programs."""
        return {key: str(value) for key, value in asdict(self).items() if value}
