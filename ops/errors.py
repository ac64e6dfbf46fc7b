"""Errors that a person can act on, and the exit codes of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from layers.errors import SettingsError

FINE = 0
FINDING = 1
"""A finding or a failure."""
WRONG_USE = 2
"""A command line that does not exist or does not fit."""
INTERRUPTED = 130
"""Ctrl-C or SIGTERM; the number is the one that shells use for Ctrl-C."""


class OpsError(Exception):
    """A failure: what happened and where, then what to do. Printed without a traceback."""

    def __init__(self, problem: str, *, fix: str = "") -> None:
        self.problem = problem
        self.fix = fix
        super().__init__(f"{problem}\n  {fix}" if fix else problem)


class WrongUse(OpsError):
    """The command was called in a way that cannot work."""


class Interrupted(OpsError):
    """Ctrl-C, after running operations have finished."""


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """One reason why a change is refused, and what to do about it."""

    what: str
    fix: str


class Refused(OpsError):
    """A change that was not started. All obstacles are named at once; neighbours with the same fix share one line of it."""

    def __init__(self, headline: str, obstacles: Sequence[Obstacle]) -> None:
        self.obstacles = tuple(obstacles)
        super().__init__("\n".join([headline, *_lines(obstacles)]))
        self.problem = headline


def _lines(obstacles: Sequence[Obstacle]) -> Iterator[str]:
    for fix, group in groupby(obstacles, key=lambda obstacle: obstacle.fix):
        yield from (f"- {obstacle.what}" for obstacle in group)
        yield f"    {fix}"


def exit_code(error: Exception) -> int:
    """The exit code of a command that ended with this error."""
    if isinstance(error, WrongUse):
        return WRONG_USE
    return INTERRUPTED if isinstance(error, Interrupted) else FINDING


def as_data(error: Exception) -> dict[str, Any]:
    """An error for programs: ``problem``, ``fix``, and ``problems`` where it has several."""
    if isinstance(error, Refused):
        return {"problem": error.problem, "fix": "", "problems": [asdict(each) for each in error.obstacles]}
    if isinstance(error, OpsError):
        return {"problem": error.problem, "fix": error.fix, "problems": []}
    if isinstance(error, SettingsError):
        problems = [{**asdict(each), "path": each.path} for each in error.problems]
        return {"problem": str(error), "fix": "", "problems": problems}
    return {"problem": str(error), "fix": "", "problems": []}
