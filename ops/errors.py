"""Errors that a person can act on, and the exit codes of the command line."""

from collections.abc import Sequence
from dataclasses import dataclass

FINE = 0
FINDING = 1
"""A finding or a failure."""
WRONG_USE = 2
"""A word on the command line that does not exist or does not fit."""
INTERRUPTED = 130
"""Ctrl-C, as shells count it."""


class OpsError(Exception):
    """A failure: what happened and where, then what to do. Shown as it is, without a traceback."""

    def __init__(self, problem: str, *, fix: str = "") -> None:
        self.problem = problem
        self.fix = fix
        super().__init__(f"{problem}\n  {fix}" if fix else problem)


class WrongUse(OpsError):
    """The command was called in a way that cannot work."""


class Interrupted(OpsError):
    """Ctrl-C, after what was running has ended in order."""


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """One thing that stands in the way of a deploy, and how to get it out of the way."""

    what: str
    fix: str


class Refused(OpsError):
    """A deploy that was not started. All obstacles are named at once."""

    def __init__(self, headline: str, obstacles: Sequence[Obstacle]) -> None:
        self.obstacles = tuple(obstacles)
        lines = [f"- {o.what}\n    {o.fix}" for o in obstacles]
        super().__init__("\n".join([headline, *lines]))
