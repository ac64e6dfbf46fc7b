"""One thing that is wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "deploy"]
"""``error``: it cannot work as declared. ``deploy``: the declaration is whole, and a deploy lacks something still
(a digest, a supplied secret): no alarm for a plan."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A finding of one rule.

    Args:
        path: where: a construct, then the file that its service reads, then the key in it; or the environment's
            file and a setting.
        what: what was found there.
        cause: why it cannot work.
        fix: what to do.
        rule: the rule's name; set by whoever runs the rules.
    """

    path: str
    what: str
    cause: str
    fix: str
    severity: Severity = "error"
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.cause}; {self.fix}"
