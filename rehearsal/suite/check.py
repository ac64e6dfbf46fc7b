"""A check of a rehearsal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rehearsal.suite.world import World


@dataclass(frozen=True, kw_only=True)
class Check:
    """One of them.

    Attributes:
        name: for ``--only``.
        what: what it shows, in a sentence.
        run: gives what it measured, in a few words; raises CheckFailed.
        applies: says why it cannot be shown in this rehearsal; empty where it can.
        needs_platform: whether it shows nothing when the platform does not stand.
    """

    name: str
    what: str
    run: Callable[[World], str]
    applies: Callable[[World], str] = lambda world: ""
    needs_platform: bool = True
