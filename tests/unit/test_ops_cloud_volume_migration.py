"""A store moves: its volume leaves a droplet that is off, before anything else is applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.cloud import failed_droplets, orphans, volume_migration
from ops.cloud.client import Client
from ops.deploy import deploy
from ops.errors import OpsError, Refused, WrongUse
from ops.nodes import known_hosts
from ops.terraform.apply import ApprovedChanges
from ops.terraform.runner import Terraform
from ops.terraform.target import Target
from tests.unit.ops_cloud import cloud
from tests.unit.test_ops_terraform_guard import DROPLET, attached

SETTINGS = load_environment("prod")
CLOUD = Target(settings=SETTINGS, stack="prod-cloud", document=cloud(), folder=Path("/nowhere"))


class Told(Client):
    """Says one status of every droplet, or fails."""

    def __init__(self, status: str = "") -> None:
        super().__init__()
        self.status = status

    def one(self, path: str, key: str) -> Mapping[str, Any]:
        if not self.status:
            raise OpsError(f"request for {path} failed", fix="later")
        return {"status": self.status}


@pytest.fixture(autouse=True)
def planned(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def plan(*_: Any) -> Iterator[Any]:
        yield Path("plan"), attached(["r", "m"], ["m"])

    monkeypatch.setattr(volume_migration, "saved_plan", plan)


def droplets_losing_volumes(client: Client) -> list[str]:
    return volume_migration.droplets_losing_volumes(CLOUD, ["prod-redis"], parallelism=1, client=client)


def test_a_droplet_that_is_off_may_lose_its_volume() -> None:
    assert droplets_losing_volumes(Told("off")) == [DROPLET]


def test_one_that_runs_or_of_which_nobody_knows_may_not() -> None:
    with pytest.raises(Refused, match=r"prod-app-1 is active, and its stores may be writing to prod-redis"):
        droplets_losing_volumes(Told("active"))
    with pytest.raises(Refused, match="cannot tell whether prod-app-1 is off: request for droplets/7 failed"):
        droplets_losing_volumes(Told())


def test_what_loses_is_applied_before_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[tuple[str, ...]] = []

    def apply(target: Target, *, targets: Any = (), **rest: Any) -> bool:
        applied.append(tuple(targets))
        return True

    monkeypatch.setattr(Terraform, "init", lambda self: None)
    monkeypatch.setattr(deploy, "apply", apply)
    monkeypatch.setattr(deploy, "Client", lambda: Told("off"))
    monkeypatch.setattr(failed_droplets, "remove", lambda target: [])
    monkeypatch.setattr(orphans, "import_orphans", lambda target, tell: [])
    monkeypatch.setattr(known_hosts, "update_known_hosts", lambda target: "same")
    deploy.deploy_cloud(CLOUD, parallelism=1, ask=None, approved=ApprovedChanges(moves=("prod-redis",)))
    assert applied == [(DROPLET,), ()]
    applied.clear()
    deploy.deploy_cloud(CLOUD, parallelism=1, ask=None, approved=ApprovedChanges())
    assert applied == [()]


def test_only_stores_that_have_a_volume_move() -> None:
    assert volume_migration.volumes_of(SETTINGS, ["redis", "redis"]) == ("prod-redis",)
    with pytest.raises(WrongUse, match=r"--moves nothing: prod has no volume of that store\n  there are: "):
        volume_migration.volumes_of(SETTINGS, ["nothing"])
