"""A droplet that hangs is switched off hard before it is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ops.cloud.client import Client, NotFound
from ops.cloud.force_power_off import power_off
from ops.errors import OpsError


class Played(Client):
    """A droplet whose status is told from a list, the last for ever."""

    def __init__(self, *statuses: str) -> None:
        super().__init__()
        self.statuses = list(statuses)
        self.ordered: list[Any] = []

    def one(self, path: str, key: str) -> Mapping[str, Any]:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == "gone":
            raise NotFound(path)
        return {"status": status}

    def act(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.ordered.append((path, dict(body)))
        return {}


def off(account: Played) -> list[Any]:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    power_off("7", account, clock=lambda: now[0], sleep=sleep)
    return account.ordered


def test_its_plug_is_pulled_and_that_is_waited_for() -> None:
    assert off(Played("active", "active", "off")) == [("droplets/7/actions", {"type": "power_off"})]


def test_one_that_is_off_or_gone_is_left_alone() -> None:
    assert off(Played("off")) == off(Played("gone")) == []


def test_one_that_stays_on_is_told() -> None:
    with pytest.raises(
        OpsError, match="droplet 7 is not off after 180 s\n  power it off in the control panel"
    ):
        off(Played("active"))
