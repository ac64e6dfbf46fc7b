"""The copy of a database before its migration: when, of what, and what happens where it cannot be made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ops.backup.world import World
from ops.deploy import migration_copy
from ops.deploy.migration_copy import copying_first
from ops.errors import OpsError
from ops.terraform.target import Target
from tests.unit.ops_backups import Backups
from tests.unit.ops_cloud import change, plan
from tests.unit.ops_fixtures import DIGEST_1, DIGEST_2, service

OLD, NEW = f"example.org/core:1@{DIGEST_1}", f"example.org/core:2@{DIGEST_2}"


@pytest.fixture
def backups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Backups:
    """The usual stores; Redis is what the migration connects to."""
    found = Backups(monkeypatch, tmp_path)
    services = found.targets.services.document["resource"]["docker_service"]
    services["migration"] = service("platform/main/migration", name="migration", networks=("redis_net",))

    @contextmanager
    def reached(target: Target) -> Iterator[World]:
        yield found.world

    monkeypatch.setattr(migration_copy, "reached", reached)
    return found


def values(image: str, name: str = "migration") -> dict[str, Any]:
    """As Terraform's state has them: each block a list of one."""
    return {"name": name, "task_spec": [{"container_spec": [{"image": image}]}]}


def approve(
    backups: Backups, before: dict[str, Any] | None, after: dict[str, Any] | None, *actions: str
) -> bool:
    made = plan(change("docker_service.m", *(actions or ("update",)), before=before, after=after))
    return copying_first(backups.targets.services, lambda plan: True)(made)


@pytest.mark.parametrize("actions", [("update",), ("delete", "create")])
def test_what_the_migration_connects_to_is_copied_before_a_new_image(
    actions: tuple[str, ...], backups: Backups, capsys: pytest.CaptureFixture[str]
) -> None:
    assert approve(backups, values(OLD), values(NEW), *actions)
    assert backups.done == ["copy redis", "send redis"]
    assert "copied before migration: redis" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (values(OLD), values(OLD)),
        (None, values(NEW)),
        (values(OLD), None),
        (values(OLD, "core"), values(NEW, "core")),
    ],
    ids=["the image stays", "it is created", "it is removed", "another service"],
)
def test_without_a_migration_by_another_image_nothing_is_copied(
    before: dict[str, Any] | None, after: dict[str, Any] | None, backups: Backups
) -> None:
    actions = ("create",) if before is None else ("delete",) if after is None else ("update",)
    assert approve(backups, before, after, *actions)
    assert backups.done == []


def test_a_copy_that_fails_ends_the_deploy_before_anything_is_changed(backups: Backups) -> None:
    backups.redis.fails["copy"] = "no space left on device"
    with pytest.raises(OpsError) as caught:
        approve(backups, values(OLD), values(NEW))
    told = str(caught.value)
    assert told.startswith(
        "not copied before its migration; nothing was changed\nredis: not copied: no space left"
    )
    assert told.endswith("--without-copy")


def test_a_job_that_does_not_run_yet_is_a_warning(
    backups: Backups, capsys: pytest.CaptureFixture[str]
) -> None:
    backups.swarm.services_ = [each for each in backups.swarm.services_ if each.name != "redis-backup"]
    assert approve(backups, values(OLD), values(NEW))
    assert backups.done == []
    assert (
        "warning: redis is migrated without a copy: redis-backup does not run yet" in capsys.readouterr().err
    )


def test_a_store_that_keeps_nothing_is_a_warning(
    backups: Backups, capsys: pytest.CaptureFixture[str]
) -> None:
    why = backups.make_stand_in("redis")
    assert approve(backups, values(OLD), values(NEW))
    assert f"warning: redis is migrated without a copy: {why}" in capsys.readouterr().err


def test_before_a_second_apply_nothing_is_copied_again(backups: Backups) -> None:
    made = plan(change("docker_service.m", "update", before=values(OLD), after=values(NEW)))
    approve = copying_first(backups.targets.services, lambda plan: True)
    assert approve(made) and approve(made)
    assert backups.done == ["copy redis", "send redis"]


def test_a_database_that_no_job_copies_is_a_warning(
    backups: Backups, capsys: pytest.CaptureFixture[str]
) -> None:
    services = backups.targets.services.document["resource"]["docker_service"]
    services["migration"]["task_spec"]["networks_advanced"] = []
    assert approve(backups, values(OLD), values(NEW))
    assert "warning: migration: no backup job has the database that is migrated" in capsys.readouterr().err


def test_what_is_not_approved_is_not_copied(backups: Backups) -> None:
    made = plan(change("docker_service.m", "update", before=values(OLD), after=values(NEW)))
    assert not copying_first(backups.targets.services, lambda plan: False)(made)
    assert backups.done == []
