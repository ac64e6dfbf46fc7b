"""A check of a rehearsal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rehearsal.suite.world import World


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check.

    Attributes:
        name: for ``--only``.
        what: what it shows, in one sentence.
        run: runs it and returns what it measured, in a few words; raises CheckFailed.
        applies: why it does not apply to this rehearsal; empty if it does.
        needs_platform: whether it needs a running platform.
    """

    name: str
    what: str
    run: Callable[[World], str]
    applies: Callable[[World], str] = lambda world: ""
    needs_platform: bool = True
