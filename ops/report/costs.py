"""What a change does to the bill."""

from __future__ import annotations

from collections.abc import Iterator

from ops.model.cost import Cost
from ops.report.model import ChargeChange, CostChange
from ops.terminal.counted import counted


def cost_change(before: Cost, after: Cost, budget: float | None = None) -> CostChange | None:
    """The bill of a stack before and after; ``None`` where there is nothing on either."""
    if not before.charges and not after.charges:
        return None
    return CostChange(
        before=before.dollars,
        after=after.dollars,
        changes=tuple(_changes(before, after)),
        charges=after.charges,
        budget=budget,
    )


def _changes(before: Cost, after: Cost) -> Iterator[ChargeChange]:
    old, new = ({charge.what: charge.dollars for charge in cost.charges} for cost in (before, after))
    for what in dict.fromkeys([*new, *old]):
        was, will = old.get(what, 0.0), new.get(what, 0.0)
        if was != will:
            yield ChargeChange(what=what, before=was, after=will)


def dollars(amount: float) -> str:
    """An amount as people read it: ``$96.00``."""
    return f"${amount:,.2f}"


def difference(before: float, after: float) -> str:
    """How much more or less: ``+$24.00``, ``-$3.00``, ``no change``."""
    change = round(after - before, 2)
    if not change:
        return "no change"
    return f"{'+' if change > 0 else '-'}{dollars(abs(change))}"


def summary(cost: CostChange) -> str:
    """Both sums and their difference in one line."""
    sums = dollars(cost.after)
    if cost.before != cost.after:
        sums = f"{dollars(cost.before)} -> {sums} ({difference(cost.before, cost.after)})"
    missing = f", without {counted(len(cost.unpriced), 'charge')} of no known price" if cost.unpriced else ""
    return f"{sums} a month by list price{missing}"


def above_budget(cost: CostChange) -> str:
    """By how much it costs more than it may; empty where it does not."""
    if cost.budget is None or not cost.is_above_budget:
        return ""
    return f"above the budget of {dollars(cost.budget)} by {dollars(cost.after - cost.budget)}"


def line(change: ChargeChange) -> str:
    """What one thing adds to the bill."""
    if change.before is None or change.after is None:
        return f"{change.what}: no price known"
    if not change.before:
        return f"{change.what}: +{dollars(change.after)}"
    if not change.after:
        return f"{change.what}: -{dollars(change.before)}"
    return f"{change.what}: {dollars(change.before)} -> {dollars(change.after)}"
