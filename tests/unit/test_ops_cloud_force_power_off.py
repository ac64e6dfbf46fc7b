"""A droplet that hangs is switched off hard before it is replaced."""

from __future__ import annotations

from typing import Any

import pytest

from ops.cloud.client import Client
from ops.cloud.force_power_off import power_off
from ops.errors import OpsError
from tests.unit.ops_account import FakeAccount
from tests.unit.ops_clock import FakeClock


@pytest.fixture
def off(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Powers a droplet off that has a status, or is not there, and says what was ordered."""

    def run(*statuses: str, hangs: bool = False) -> list[str]:
        FakeClock(monkeypatch)
        account = FakeAccount(monkeypatch, droplets=[{"id": 7, "status": status} for status in statuses])
        account.hangs = hangs
        power_off("7", Client())
        return account.done

    return run


def test_its_plug_is_pulled(off: Any) -> None:
    assert off("active") == ["power_off droplet 7"]


def test_one_that_is_off_or_gone_is_left_alone(off: Any) -> None:
    assert off("off") == off() == []


def test_one_that_stays_on_is_told(off: Any) -> None:
    with pytest.raises(
        OpsError, match="droplet 7 is not off after 180 s\n  power it off in the control panel"
    ):
        off("active", hangs=True)
