"""One thing that is wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layers.errors import Problem
from ops.errors import Obstacle

Severity = Literal["error", "deploy"]
"""``error``: it cannot work as declared. ``deploy``: the declaration is complete, and a deploy still needs something
(a digest, a supplied secret): no reason to refuse a plan."""

Stack = Literal["", "cloud", "services"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A finding of one rule.

    Args:
        path: where: a construct, then the file that its service reads, then the key in it; or the environment's
            file and a setting.
        what: what was found there.
        cause: why it cannot work; empty where ``what`` says it.
        fix: what to do.
        rule: the rule's name; set by whoever runs the rules.
        stack: the stack whose deploy it concerns; empty for both.
    """

    path: str
    what: str
    cause: str
    fix: str
    severity: Severity = "error"
    rule: str = ""
    stack: Stack = "services"

    @property
    def name(self) -> str:
        """The name that it is acknowledged by: ``sign-in-is-set-up``. Stable as long as the rule exists."""
        return self.rule.replace("_", "-")

    @property
    def obstacle(self) -> Obstacle:
        """As a deploy refuses it."""
        cause = f"; {self.cause}" if self.cause else ""
        return Obstacle(what=f"{self.path}: {self.what}{cause}", fix=self.fix)

    def __str__(self) -> str:
        return "; ".join(part for part in (f"{self.path}: {self.what}", self.cause, self.fix) if part)


def of_problem(problem: Problem, *, rule: str, stack: Stack = "") -> Finding:
    """A problem in a settings file or a declaration, as a finding."""
    return Finding(
        path=problem.path,
        what=problem.problem,
        cause=problem.allowed,
        fix=problem.fix,
        rule=rule,
        stack=stack,
    )
