"""Droplets that never started make room for the next try."""

from __future__ import annotations

from typing import Any

import pytest

from ops.cloud import failed_droplets
from ops.errors import OpsError
from ops.model.changes import from_terraform
from ops.model.inventory import from_synthesis
from ops.report.compare import compare
from tests.unit.ops_account import FakeAccount
from tests.unit.ops_cloud import change, cloud, plan
from tests.unit.ops_nodes import target
from tests.unit.ops_terraform import FakeTerraform, give, resource


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Removes what failed of droplets that the state has by these ids, tainted or not."""

    def run(**tainted: bool) -> list[str]:
        terraform = FakeTerraform()
        terraform.resources = [
            resource(f"digitalocean_droplet.n{id_}", tainted=marked, name=f"n{id_}", id=id_.strip("_"))
            for id_, marked in tainted.items()
        ]
        give(monkeypatch, cloud=terraform)
        return [each.id for each in failed_droplets.remove(target())]

    return run


def test_only_what_was_given_up_and_never_started_is_removed(
    removed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = {1: "new", 2: "active", 3: "new"}
    account = FakeAccount(
        monkeypatch, droplets=[{"id": id_, "status": status} for id_, status in statuses.items()]
    )
    assert removed(_1=True, _2=True, _3=False, _4=True) == ["1"]
    assert account.done == ["delete droplet 1"]


def test_without_a_mark_nothing_is_asked(removed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeAccount(monkeypatch).failure = 401
    assert removed(_1=False) == []
    with pytest.raises(OpsError, match=r"for droplets/1 failed: 401 Unauthorized"):
        removed(_1=True)


def test_the_report_says_that_it_never_became_active_and_not_that_it_is_refused() -> None:
    anew = change(
        "digitalocean_droplet.app-1", "delete", "create",
        before={"name": "prod-app-1"}, after={"name": "prod-app-1"}, reason="replace_because_tainted",
    )  # fmt: skip
    found = from_synthesis(cloud())
    report = compare("prod-cloud", found, found, from_terraform(plan(anew)), compared_with="x")
    assert report.dangers == ("droplet prod-app-1 is recreated: it never became active",)
