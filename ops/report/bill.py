"""What an environment costs a month, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from layers.loading import load_environment
from ops.model.cost import Cost, monthly_cost
from ops.model.inventory import from_synthesis
from ops.model.prices import prices
from ops.terminal.columns import columns
from ops.terminal.counted import counted
from ops.terraform.synth import synthesize

TABLE = "ops/model/prices.yaml"


@dataclass(frozen=True, kw_only=True)
class Bill:
    """The cost of an environment beside what it may cost.

    Attributes:
        budget: US dollars a month; ``None`` is no bound.
    """

    environment: str
    cost: Cost
    budget: float | None = None

    @property
    def is_above_budget(self) -> bool:
        """Whether what has a known price alone is more than the budget."""
        return self.budget is not None and self.cost.dollars > self.budget

    def as_data(self) -> dict[str, Any]:
        """For ``--json``."""
        parts = prices().parts.items()
        return {
            "environment": self.environment,
            "dollars": self.cost.dollars,
            "budget": self.budget,
            "charges": [asdict(charge) for charge in self.cost.charges],
            "unpriced": [charge.what for charge in self.cost.unpriced],
            "prices": {
                name: {"as_of": part.as_of.isoformat(), "source": part.source} for name, part in parts
            },
        }


def bill_of(environment: str) -> Bill:
    """Synthesizes an environment and adds up what all its stacks order."""
    settings = load_environment(environment)
    stacks = synthesize(environment).stacks.values()
    charges = [charge for stack in stacks for charge in monthly_cost(from_synthesis(stack)).charges]
    return Bill(environment=environment, cost=Cost(charges=tuple(charges)), budget=settings.budget)


def render(bill: Bill) -> str:
    """The bill as text."""
    return "\n".join(_lines(bill)) + "\n"


def _lines(bill: Bill) -> Iterator[str]:
    cost = bill.cost
    if not cost.charges:
        yield f"{bill.environment} orders nothing from DigitalOcean"
        return
    yield f"{bill.environment}: {cost.dollars:.2f} dollars a month by list price, without tax and traffic"
    yield ""
    rows = [
        (each.what, each.detail, "no price known" if each.dollars is None else f"{each.dollars:9.2f}")
        for each in cost.charges
    ]
    yield from columns([*rows, ("total", "", f"{cost.dollars:9.2f}")], indent="  ")
    yield ""
    if cost.unpriced:
        what = counted(len(cost.unpriced), "charge")
        yield f"the total is without {what} of no known price; add it to {TABLE}, with source and day"
    if bill.budget is not None:
        yield _beside_the_budget(bill, bill.budget)
    days = [part.as_of for part in prices().parts.values()]
    yield f"prices as of {min(days)} to {max(days)}, each with its source in {TABLE}"


def _beside_the_budget(bill: Bill, budget: float) -> str:
    if not bill.is_above_budget:
        return f"budget: {budget:.2f}, of which {budget - bill.cost.dollars:.2f} are left"
    return (
        f"ABOVE THE BUDGET of {budget:.2f} by {bill.cost.dollars - budget:.2f}: "
        f"order less, or raise budget in environments/{bill.environment}.yaml"
    )
