"""A store moves: its volume leaves a droplet that is off, before anything else is applied."""

from __future__ import annotations

import pytest

from layers.loading import load_environment
from ops.cloud import volume_migration
from ops.deploy import deploy
from ops.errors import Refused, WrongUse
from ops.terraform.apply import ApprovedChanges
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_terraform import resource
from tests.unit.test_ops_guard_droplets import DROPLET, attached

PROD = load_environment("prod")


@pytest.fixture
def account(boundaries: Boundaries) -> Boundaries:
    """One droplet, which a plan takes a volume from."""
    boundaries.cloud.context = attached(["r", "m"], ["m"])
    boundaries.cloud.changes = boundaries.cloud.context["resource_changes"]
    boundaries.cloud.resources = [resource(DROPLET, name="prod-app-1", id="7")]
    boundaries.account.lists["droplets"] = [
        {"id": 7, "name": "prod-app-1", "region": {"slug": "nyc3"}, "status": "active"}
    ]
    return boundaries


def move(*volumes: str) -> None:
    cloud = targets_of(PROD).needed_cloud("")
    deploy.deploy_cloud(
        cloud, parallelism=1, approve=lambda plan: True, approved=ApprovedChanges(moves=volumes)
    )


def test_a_droplet_that_is_off_loses_its_volume_before_the_rest_is_applied(account: Boundaries) -> None:
    account.account.lists["droplets"][0]["status"] = "off"
    move("prod-redis")
    assert account.done == ["cloud apply", "cloud apply"]
    looked, first, rest = account.cloud.planned
    assert (looked, first, rest) == (((), ()), ((), (DROPLET,)), ((), ()))


def test_without_a_move_all_is_applied_at_once(account: Boundaries) -> None:
    account.cloud.changes = []
    move()
    assert account.cloud.planned == [((), ())]


def test_one_that_runs_or_of_which_nobody_knows_may_not(account: Boundaries) -> None:
    with pytest.raises(Refused, match=r"prod-app-1 is active, and its stores may be writing to prod-redis"):
        move("prod-redis")
    account.account.lists["droplets"] = []
    with pytest.raises(Refused, match=r"cannot tell whether prod-app-1 is off: .* has no droplets/7"):
        move("prod-redis")
    assert account.done == []


def test_only_stores_that_have_a_volume_move() -> None:
    assert volume_migration.volumes_of(PROD, ["redis", "redis"]) == ("prod-redis",)
    with pytest.raises(WrongUse, match=r"--moves nothing: prod has no volume of that store\n  there are: "):
        volume_migration.volumes_of(PROD, ["nothing"])
