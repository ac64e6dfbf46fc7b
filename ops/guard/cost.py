"""What a stack would cost, beside what its environment may."""

from __future__ import annotations

from collections.abc import Iterator

from ops.guard.approvals import Approvals
from ops.guard.rule import Loss
from ops.guard.stack_change import StackChange
from ops.model.cost import monthly_cost


def above_budget(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """A stack that costs more than now, and more than the budget; and what is new in it and of a size without a known price.

    A stack that is above the budget already may still change.
    """
    if stack.budget is None:
        return
    was, will = monthly_cost(stack.before), monthly_cost(stack.after)
    if will.dollars > max(was.dollars, stack.budget):
        yield Loss(
            about=f"{will.dollars:.2f} dollars a month",
            what=f"the cloud would cost {will.dollars:.2f} dollars a month by list price instead of {was.dollars:.2f}; "
            f"the budget is {stack.budget:.2f}",
        )
    for charge in will.unpriced:
        # Without a size it is of a kind that the table has no prices for, such as a check from outside: `ops cost` names it.
        if charge.detail and charge not in was.unpriced:
            what = f"{charge.what}, {charge.detail}"
            yield Loss(
                about=what,
                what=f"no price is known of {what}, so nobody can tell whether it fits into the budget of {stack.budget:.2f}",
                fix="add its price to ops/model/prices.yaml, with source and day (docs/runbooks/cost.md)",
            )
