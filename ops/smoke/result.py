"""The result of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ops.report.programs import Program
from ops.smoke.outcome import Outcome, Status


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcomes of one run in the order of their areas.

    Args:
        tested: what the run tested where there is a choice: which Discord, which sign-in, which authority, real programs
            or stand-ins.
        programs: what ran in each service.
        seconds: how long it took.
    """

    environment: str
    outcomes: Sequence[Outcome]
    tested: dict[str, str] = field(default_factory=dict)
    programs: Mapping[str, Program] = field(default_factory=dict)
    seconds: float = 0.0

    def of(self, status: Status) -> list[Outcome]:
        """All outcomes of one kind."""
        return [outcome for outcome in self.outcomes if outcome.status is status]

    @property
    def passed(self) -> int:
        return len(self.of(Status.PASSED))

    @property
    def failed(self) -> int:
        return len(self.of(Status.FAILED))

    @property
    def areas(self) -> list[str]:
        """In order of appearance."""
        return list(dict.fromkeys(outcome.area for outcome in self.outcomes))

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "environment": self.environment,
            "passed": self.passed,
            "failed": self.failed,
            "not_checked": len(self.of(Status.NOT_CHECKED)),
            "seconds": round(self.seconds, 1),
            "tested": self.tested,
            "programs": {name: asdict(program) for name, program in sorted(self.programs.items())},
            "checks": [outcome.as_data() for outcome in self.outcomes],
        }
