"""What an environment costs a month, beside its budget."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import typer

from ops.cli import see
from ops.errors import FINDING, FINE
from ops.model.cost import Charge, Cost
from ops.report.bill import Bill, render

COST = Cost(
    charges=(
        Charge(what="droplet prod-app-1", detail="s-8vcpu-16gb", dollars=96),
        Charge(what="volume prod-redis", detail="5 GiB", dollars=0.5),
        Charge(what="uptime check page", detail="", dollars=None),
    )
)
BILL = Bill(environment="prod", cost=COST, budget=100)


def test_a_bill_word_for_word() -> None:
    assert render(BILL) == (
        """\
prod: 96.50 dollars a month by list price, without tax and traffic

  droplet prod-app-1  s-8vcpu-16gb      96.00
  volume prod-redis   5 GiB              0.50
  uptime check page                 no price known
  total                                 96.50

the total is without 1 charge of no known price; add it to ops/model/prices.yaml, with source and day
budget: 100.00, of which 3.50 are left
prices as of 2026-03-27 to 2026-11-27, each with its source in ops/model/prices.yaml
"""
    )


def test_above_the_budget_it_says_by_how_much_and_what_to_do() -> None:
    above = replace(BILL, budget=90)
    assert above.is_above_budget
    assert (
        "ABOVE THE BUDGET of 90.00 by 6.50: order less, or raise budget in environments/prod.yaml\n"
        in render(above)
    )


def test_exactly_the_budget_is_within_it() -> None:
    assert not replace(BILL, budget=96.5).is_above_budget


def test_without_a_budget_nothing_is_above_it() -> None:
    assert not replace(BILL, budget=None).is_above_budget
    assert "budget" not in render(replace(BILL, budget=None))


def test_an_environment_without_a_cloud_orders_nothing() -> None:
    assert render(Bill(environment="local", cost=Cost())) == "local orders nothing from DigitalOcean\n"


def test_programs_get_each_charge_and_the_source_of_each_price() -> None:
    data = BILL.as_data()
    assert data["dollars"] == 96.5
    assert data["budget"] == 100
    assert data["unpriced"] == ["uptime check page"]
    assert data["charges"][1] == {"what": "volume prod-redis", "detail": "5 GiB", "dollars": 0.5}
    assert data["prices"]["droplets"]["as_of"] == "2026-08-21"
    assert all(part["source"] for part in data["prices"].values())


@pytest.mark.parametrize(("budget", "code"), [(None, FINE), (100, FINE), (90, FINDING)])
def test_the_command_fails_above_the_budget(
    budget: float | None, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ops.report.bill.bill_of", lambda environment: replace(BILL, budget=budget))
    for as_json in (False, True):
        with pytest.raises(typer.Exit) as ended:
            see.cost("prod", as_json)
        assert ended.value.exit_code == code
    shown = capsys.readouterr().out
    assert json.loads(shown[shown.index("{") :])["budget"] == budget
