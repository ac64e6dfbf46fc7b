"""The page about the monitoring answers for Grafana, so a stand-in in its place leaves it silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from layers.loading import load_environment
from layers.pages import MONITORING
from ops.smoke import checks_addresses
from ops.smoke.expectation import Case
from ops.smoke.outcome import Outcome, Status
from ops.smoke.person import people_of
from ops.smoke.route import Route

SETTINGS = load_environment("local")


@pytest.mark.parametrize("stands_in", [False, True])
def test_it_is_asked_where_grafana_runs(stands_in: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def opened(scene: Any, browser: Any, case: Case) -> Iterator[Outcome]:
        asked.append(case.name)
        yield from ()

    monkeypatch.setattr(checks_addresses, "_opened", opened)
    routes = [
        Route(host="example.org", service="web", role=None),
        Route(host="example.org", service="telegraf", role=None, page=MONITORING),
    ]
    scene: Any = SimpleNamespace(
        browser=nullcontext,
        routes=routes,
        people=people_of(SETTINGS),
        settings=SETTINGS,
        stands_in=lambda program: stands_in and program == "grafana",
    )
    told = list(checks_addresses.check_addresses(scene, "anonymous"))
    url = f"https://example.org{MONITORING} as anonymous"
    assert [(each.status, each.name) for each in told] == ([(Status.NOT_CHECKED, url)] if stands_in else [])
    assert (url in asked) != stands_in
    assert "https://example.org/ as anonymous" in asked
