"""What came of one check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Status(StrEnum):
    """``not checked`` is no success: it says what this run could not see, and why."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One check: what was expected of what, and what was found.

    Args:
        area: the group it is shown in.
        name: what was checked, unique in its area.
        found: what was seen; for ``not checked`` the reason.
        fix: where to look when it failed.
        ran: what ran in the service that it is about: ``real``, ``real, other version <x>`` or ``stand-in``.
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
