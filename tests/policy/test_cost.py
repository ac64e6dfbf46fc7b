"""Every environment stays within its budget, and what it orders has a price."""

from __future__ import annotations

import pytest

from layers.loading import load_environment
from ops.model.cost import monthly_cost
from ops.model.inventory import from_synthesis
from tests.stacks.synthesis import CLOUDS, cloud

UNPRICED = {"uptime check"}
"""Kinds of which no price with a source was found."""


@pytest.mark.parametrize("environment", CLOUDS)
def test_what_is_ordered_has_a_price(environment: str) -> None:
    cost = monthly_cost(from_synthesis(cloud(environment).document))
    assert cost.dollars > 0
    missing = [each.what for each in cost.unpriced if not each.what.startswith(tuple(UNPRICED))]
    assert missing == []


@pytest.mark.parametrize("environment", CLOUDS)
def test_a_budget_is_kept(environment: str) -> None:
    budget = load_environment(environment).budget
    if environment == "prod":
        assert budget is not None
    cost = monthly_cost(from_synthesis(cloud(environment).document))
    assert budget is None or cost.dollars <= budget


def test_the_cost_of_prod() -> None:
    assert monthly_cost(from_synthesis(cloud("prod").document)).dollars == 124.2
