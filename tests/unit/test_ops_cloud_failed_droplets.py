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
def finished(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Finishes what an apply gave up on of droplets that the state has by these ids, tainted or not."""

    def run(**tainted: bool) -> tuple[list[str], list[str]]:
        terraform = FakeTerraform()
        terraform.resources = [
            resource(f"digitalocean_droplet.n{id_}", tainted=marked, name=f"n{id_}", id=id_.strip("_"))
            for id_, marked in tainted.items()
        ]
        give(monkeypatch, cloud=terraform)
        return [str(each) for each in failed_droplets.finish(target())], terraform.done

    return run


def test_what_never_started_is_deleted_and_what_runs_is_kept(
    finished: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = {1: "new", 2: "active", 3: "new", 5: "off"}
    account = FakeAccount(
        monkeypatch, droplets=[{"id": id_, "status": status} for id_, status in statuses.items()]
    )
    said, done = finished(_1=True, _2=True, _3=False, _4=True, _5=True)
    assert said == [
        "droplet n_1 (1): the apply that made it did not finish, and it never started; deleted, and will be created again",
        "droplet n_2 (2): the apply that made it did not finish, and it is active by now; kept",
    ]
    assert account.done == ["delete droplet 1"]
    assert done == ["untaint digitalocean_droplet.n_2"]


def test_without_a_mark_nothing_is_asked(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeAccount(monkeypatch).failure = 401
    assert finished(_1=False) == ([], [])
    with pytest.raises(OpsError, match=r"for droplets/1 failed: 401 Unauthorized"):
        finished(_1=True)


def test_the_report_says_that_it_never_became_active_and_not_that_it_is_refused() -> None:
    anew = change(
        "digitalocean_droplet.app-1", "delete", "create",
        before={"name": "prod-app-1"}, after={"name": "prod-app-1"}, reason="replace_because_tainted",
    )  # fmt: skip
    found = from_synthesis(cloud())
    report = compare("prod-cloud", found, found, from_terraform(plan(anew)), compared_with="x")
    assert report.dangers == ("droplet prod-app-1 is recreated: it never became active",)
