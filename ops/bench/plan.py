"""How long a plan takes that finds nothing to change."""

from __future__ import annotations

from collections.abc import Sequence

from ops.bench.checkout import Checkout
from ops.bench.result import Measured
from ops.bench.timing import Seconds, in_turns
from ops.terminal.screen import Say

RUNS = 3
PARALLELISM = (10, 30, 100)
"""What bare Terraform is tried with; 10 is its own default."""
OURS, THEIRS = "ops plan", "terraform plan"


def best_of(copy: Checkout, parallelism: Sequence[int], say: Say) -> tuple[int, Seconds]:
    """The parallelism that bare ``terraform plan`` is fastest with, and its time."""
    found = {}
    for number in parallelism:
        say(f"{THEIRS} -parallelism={number}")
        found[number] = copy.plan_by_terraform(parallelism=number)
    best = min(found, key=lambda number: found[number].wall)
    return best, found[best]


def measure(copy: Checkout, say: Say) -> Measured:
    """``plan``: seconds of ``ops plan`` where nothing is to change over those of ``terraform plan``; at most 1.3.

    Medians of three runs each, in turns, of the same deployed stack. Ours is the whole command: Python, synthesis, ``terraform init``, the plan, its
    JSON and the report. Theirs is one command in the folder that we have synthesized and initialised, with the fastest of three
    parallelisms.
    """
    say(f"{OURS}, to see that it is empty")
    copy.empty_plan()
    best, _ = best_of(copy, PARALLELISM, say)
    taken = in_turns(
        {
            OURS: lambda: copy.ops("plan").seconds,
            THEIRS: lambda: copy.plan_by_terraform(parallelism=best),
        },
        RUNS,
        say,
        warm_up=False,
    )
    ours, theirs = taken[OURS].wall, taken[THEIRS].wall
    return Measured(
        name="plan",
        value=ours / theirs,
        bar=1.3,
        detail=f"{OURS} {ours:.2f} s, {THEIRS} -parallelism={best} {theirs:.2f} s",
    )
