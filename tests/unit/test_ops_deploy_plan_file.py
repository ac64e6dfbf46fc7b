"""A plan in a file: private, whole, and applied only while files, state and values are those that it was made of."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.backup import state as backup_state
from ops.check import runner
from ops.deploy import deploy
from ops.deploy.plan_file import About, PlanWriter, opened
from ops.errors import OpsError, Refused, WrongUse
from ops.paths import ROOT
from ops.terraform import target
from ops.terraform.synth import Synthesized
from ops.terraform.target import Target, Targets
from tests.unit.ops_boundaries import Boundaries, documents_of, targets_of
from tests.unit.ops_cloud import change
from tests.unit.ops_fixtures import stack
from tests.unit.ops_terraform import resource

PROD = load_environment("prod")
STORED = json.dumps({"serial": 4, "lineage": "3f"})


@pytest.fixture
def both(boundaries: Boundaries) -> Targets:
    """Prod, with a state of each stack."""
    boundaries.cloud.content = boundaries.services.content = STORED
    return targets_of(PROD)


def saved(folder: Path, *targets: Target, missing: str = "", changes: bool = True) -> Path:
    """A plan file of these stacks."""
    made = folder / "made"
    made.write_text("Terraform's own")
    writer = PlanWriter(environment="prod")
    for each in targets:
        writer.add(each, made, changes=changes)
    if missing:
        writer.leave_out(missing, "the engine does not answer")
    file = folder / "prod.plan"
    writer.write(file)
    return file


def test_it_is_private_and_says_of_what_it_was_made_without_a_secret(both: Targets, tmp_path: Path) -> None:
    secret = both.services.given({"postgres_password": "hunter2"})
    file = saved(tmp_path, secret, missing="prod-cloud")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir() if "plan" in each.name] == ["prod.plan"]
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("plan.json"))
        assert not any(b"hunter2" in archive.read(name) for name in archive.namelist())
    assert about["environment"] == "prod" and about["commit"]
    assert about["stacks"] == [
        {"stack": "prod-services", "missing": "", "changes": True, "serial": 4, "lineage": "3f"},
        {"stack": "prod-cloud", "missing": "the engine does not answer", "changes": False, "serial": 0, "lineage": ""},
    ]  # fmt: skip


def test_one_that_exists_is_replaced_and_private_too(both: Targets, tmp_path: Path) -> None:
    (tmp_path / "prod.plan").write_text("readable by all")
    assert saved(tmp_path, both.services).stat().st_mode & 0o777 == 0o600


def test_a_plan_of_no_stack_is_not_saved(both: Targets, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=r"no plan is saved: .*\n  prod-cloud: the engine does not answer"):
        saved(tmp_path, missing="prod-cloud")
    assert not (tmp_path / "prod.plan").exists()


@pytest.mark.parametrize("content", [None, "text", "zip", "format"])
def test_what_is_no_plan_file_is_wrong_use(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "x.plan"
    if content == "text":
        file.write_text("x")
    elif content:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("plan.json" if content == "format" else "x", '{"format": 9}')
    with pytest.raises(WrongUse, match=r"--plan .*x\.plan"), opened(file, "prod"):
        pass


def test_a_plan_of_another_environment_is_wrong_use(both: Targets, tmp_path: Path) -> None:
    file = saved(tmp_path, both.services)
    with pytest.raises(WrongUse, match="is a plan of prod, not of staging"), opened(file, "staging"):
        pass


def test_a_stack_cannot_be_named_like_a_path(both: Targets, tmp_path: Path) -> None:
    file = saved(tmp_path, both.services)
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("plan.json").replace(b"prod-services", b"../../etc/x"))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("plan.json", json.dumps(about))
    with pytest.raises(WrongUse, match="names a stack like a path"), opened(file, "prod"):
        pass


def test_files_that_declare_something_else_by_now_are_named(both: Targets, tmp_path: Path) -> None:
    edited: dict[str, Any] = json.loads(json.dumps(both.services.document))
    edited["resource"]["docker_service"]["web"]["labels"] = []
    del edited["resource"]["docker_service"]["redis"]
    edited["provider"] = {"docker": [{"host": "elsewhere"}]}
    with opened(saved(tmp_path, both.services), "prod") as plan:
        plan.require_same_files(both.services)
        with pytest.raises(Refused) as caught:
            plan.require_same_files(replace(both.services, document=edited))
    assert [each.what for each in caught.value.obstacles] == [
        "docker_service.redis is gone",
        "docker_service.web: labels",
        "provider of the stack",
    ]


def test_another_checkout_of_the_same_files_is_the_same(both: Targets, tmp_path: Path) -> None:
    here = replace(both.services, document={**both.services.document, "x": f"{ROOT}/known_hosts"})
    there = replace(both.services, document={**both.services.document, "x": "./known_hosts"})
    with opened(saved(tmp_path, here), "prod") as plan:
        plan.require_same_files(there)


def test_a_state_that_was_written_since_is_told_with_what_changed(
    both: Targets, boundaries: Boundaries, tmp_path: Path
) -> None:
    with opened(saved(tmp_path, both.services), "prod") as plan:
        plan.require_fresh(both.services)
        boundaries.services.content = json.dumps({"serial": 5, "lineage": "3f"})
        boundaries.services.resources = [resource("docker_service.web", name="web")]
        with pytest.raises(Refused, match="since it was made, this has changed:\n- service web was added"):
            plan.require_fresh(both.services)


def test_a_password_that_the_cloud_made_since_is_named(
    both: Targets, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    boundaries.services.context = {"variables": {"postgres_password": {"value": "old"}}}
    with opened(saved(tmp_path, both.services), "prod") as plan:
        plan.require_same_values(both.services.given({"postgres_password": "old"}))
        with pytest.raises(Refused, match="made with another value of\n- TF_VAR_postgres_password") as caught:
            plan.require_same_values(both.services.given({"postgres_password": "new"}))
    assert "new" not in str(caught.value).replace("new plan", "")


def test_it_says_who_made_it_when() -> None:
    about = About(environment="prod", created=0.0, by="ann@laptop", commit="abc+")
    assert str(about).startswith("the plan of commit abc+, made by ann@laptop at 1970-01-01 00:00:00 UTC (")


@pytest.fixture
def deployable(both: Targets, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> Boundaries:
    """Prod's services, whose synthesis and check are spared."""
    found = Synthesized(out=Path("/nowhere"), stacks=documents_of(PROD))
    monkeypatch.setattr(target, "synthesize", lambda environment, off=False: found)
    passed = runner.Checked(environment="prod", findings=())
    monkeypatch.setattr(runner, "check_all", lambda names, say: [passed])
    monkeypatch.setattr(backup_state, "back_up_after_deploy", lambda targets: "")
    monkeypatch.setattr("ops.deploy.deploy.readiness.require_ready", lambda *words, **options: None)
    boundaries.services.resources = [
        resource(f"docker_service.{name}", id=name, name=name) for name in ("redis", "web")
    ]
    boundaries.services.changes = [change("docker_service.web", "update", before={}, after={"name": "web"})]
    return boundaries


def test_exactly_that_plan_is_applied_and_none_is_made(
    both: Targets, deployable: Boundaries, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    applied: list[str] = []
    terraform = deployable.services
    terraform.planned.append(((), ()))
    first = terraform.apply

    def apply(file: Path, *words: Any, **options: Any) -> Any:
        applied.append(file.read_text())
        return first(file, *words, **options)

    terraform.apply = apply  # type: ignore[method-assign]
    with opened(saved(tmp_path, both.services), "prod") as plan:
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only="services", saved=plan)
    assert applied == ["Terraform's own"]
    assert len(terraform.planned) == 1, "no other plan was made"
    assert "made by " in capsys.readouterr().err


def test_a_plan_without_changes_applies_nothing(
    both: Targets, deployable: Boundaries, tmp_path: Path
) -> None:
    with opened(saved(tmp_path, both.services, changes=False), "prod") as plan:
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only="services", saved=plan)
    assert deployable.done == []


def test_a_stack_that_was_not_planned_ends_the_deploy_after_the_others(
    both: Targets, deployable: Boundaries, tmp_path: Path
) -> None:
    assert both.cloud is not None
    deployable.cloud.changes = [change("digitalocean_tag.nodes", "create", after={"name": "prod"})]
    deployable.cloud.planned.append(((), ()))
    file, told = saved(tmp_path, both.cloud, missing="prod-services"), "the file has no plan of it"
    with (
        opened(file, "prod") as plan,
        pytest.raises(OpsError, match=f"prod-services is not deployed: {told}"),
    ):
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, saved=plan)
    assert deployable.done == ["cloud apply"]


def test_an_outdated_plan_of_the_second_stack_ends_the_deploy_before_the_first(
    both: Targets, deployable: Boundaries, tmp_path: Path
) -> None:
    assert both.cloud is not None
    file = saved(tmp_path, both.cloud, both.services)
    deployable.services.content = json.dumps({"serial": 5, "lineage": "3f"})
    with opened(file, "prod") as plan, pytest.raises(Refused, match="prod-services is out of date"):
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, saved=plan)
    assert deployable.done == []


def test_the_document_of_the_fixture_has_what_is_edited_here() -> None:
    assert {"redis", "web"} <= stack()["resource"]["docker_service"].keys()
