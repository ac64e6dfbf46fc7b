"""How many services a plan reads at once."""

from __future__ import annotations

import pytest

from layers.loading import load_environment
from ops.deploy import plan
from tests.unit import ops_terraform
from tests.unit.ops_boundaries import targets_of
from tests.unit.ops_terraform import FakeTerraform


@pytest.mark.parametrize(("environment", "at_once"), [("local", 100), ("prod", 30)])
def test_a_plan_reads_more_at_once_where_the_engine_is_here(
    environment: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform = FakeTerraform()
    ops_terraform.give(monkeypatch, services=terraform)
    plan.plan_of(targets_of(load_environment(environment)).services)
    assert terraform.parallelism == at_once
