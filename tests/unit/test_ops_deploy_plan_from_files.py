"""Plans that somebody saved, as reports."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.cli import app as cli
from ops.cli.entry import run
from ops.deploy.plan_file import PlanWriter
from ops.deploy.plan_from_files import CODE, LOCK, report_of_files
from ops.errors import FINE, WRONG_USE, WrongUse
from ops.model.changes import Action
from ops.terraform.synth import Synthesized
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_cloud import change
from tests.unit.ops_cloud import cloud as cloud_code
from tests.unit.ops_fixtures import stack
from tests.unit.test_ops_report_plan import terraform_plan

Document = dict[str, Any]


def code(name: str = "local-services", document: Document | None = None) -> Document:
    return {
        "//": {"metadata": {"stackName": name}},
        "terraform": {"backend": {"s3": {"bucket": "far-away"}}},
        **(document or stack()),
    }


def saved(folder: Path, document: Document | None = None, name: str = "tfplan") -> Path:
    """A file as ``terraform plan -out`` writes it, as far as it is read here."""
    file = folder / name
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tfplan", "for Terraform alone")
        archive.writestr(CODE, json.dumps(document or code()))
        archive.writestr(LOCK, "# providers\n")
    return file


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Terraform that shows whatever it is asked for as the plan of the fixture; its log of commands and code."""
    shown, log = tmp_path / "shown.json", tmp_path / "log"
    shown.write_text(json.dumps(terraform_plan()))
    program = tmp_path / "terraform"
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {log}\ncase $1 in\n'
        f"init) ls -A >> {log}; cat cdk.tf.json >> {log} ;;\n"
        f"show) cat {shown} ;;\nesac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", str(program))
    return log


def test_a_saved_plan_is_compared_with_the_code_and_the_state_in_it(tmp_path: Path, terraform: Path) -> None:
    report = report_of_files("local", [saved(tmp_path)])
    (shown,) = report.stacks
    assert shown.name == "local-services"
    assert shown.compared_with == "the state that tfplan was made from"
    assert shown.offline == ""
    assert shown.counts[Action.DESTROY] == 1
    assert [change.name for change in shown.services] == ["web"]
    assert report.topology is not None


def test_the_state_of_a_saved_plan_is_not_asked_for_again(tmp_path: Path, terraform: Path) -> None:
    report_of_files("local", [saved(tmp_path)])
    log = terraform.read_text()
    assert "far-away" not in log
    assert '"backend": {"local": {}}' in log
    assert ".terraform.lock.hcl\ncdk.tf.json" in log
    assert log.endswith(f"show -json {tmp_path}/tfplan\n")


def test_each_stack_may_have_its_plan(tmp_path: Path, terraform: Path) -> None:
    prod = [
        saved(tmp_path, code("prod-cloud", cloud_code()), "cloud"),
        saved(tmp_path, code("prod-services"), "services"),
    ]
    report = report_of_files("prod", prod)
    assert [each.name for each in report.stacks] == ["prod-cloud", "prod-services"]
    assert report.stacks[0].cost is not None


def test_the_file_of_plan_out_has_all_stacks(
    tmp_path: Path, terraform: Path, boundaries: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = targets_of(load_environment("prod"))
    assert targets.cloud is not None
    writer = PlanWriter(environment="prod")
    for each, declared in ((targets.cloud, cloud_code()), (targets.services, stack())):
        writer.add(each, saved(tmp_path, code(each.stack, declared)), changes=True)
    file = tmp_path / "prod.plan"
    writer.write(file)
    report = report_of_files("prod", [file])
    assert [each.name for each in report.stacks] == ["prod-cloud", "prod-services"]
    assert {each.compared_with for each in report.stacks} == {"the state that prod.plan was made from"}
    assert capsys.readouterr().err == ""


def test_a_stack_that_the_file_of_plan_out_does_not_have_is_said(
    tmp_path: Path, terraform: Path, boundaries: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = targets_of(load_environment("prod"))
    writer = PlanWriter(environment="prod")
    writer.add(targets.services, saved(tmp_path, code("prod-services")), changes=True)
    writer.leave_out("prod-cloud", "TOKEN is not set")
    file = tmp_path / "prod.plan"
    writer.write(file)
    assert [each.name for each in report_of_files("prod", [file]).stacks] == ["prod-services"]
    said = " ".join(capsys.readouterr().err.split())
    assert said.endswith("prod.plan has no plan of prod-cloud: TOKEN is not set")


def test_an_encrypted_plan_in_the_file_of_plan_out_is_refused(tmp_path: Path, boundaries: Boundaries) -> None:
    made, file = tmp_path / "made", tmp_path / "prod.plan"
    made.write_text("encrypted")
    writer = PlanWriter(environment="prod")
    writer.add(targets_of(load_environment("prod")).services, made, changes=True)
    writer.write(file)
    with pytest.raises(WrongUse, match=r"--from .*prod\.plan: holds an encrypted plan"):
        report_of_files("prod", [file])


def test_the_file_of_plan_out_of_another_environment_is_refused(
    tmp_path: Path, boundaries: Boundaries
) -> None:
    file = tmp_path / "prod.plan"
    writer = PlanWriter(environment="prod")
    writer.add(targets_of(load_environment("prod")).services, saved(tmp_path), changes=True)
    writer.write(file)
    with pytest.raises(WrongUse, match=r"--from .*prod\.plan is a plan of prod, not of local"):
        report_of_files("local", [file])


def test_a_plan_of_another_environment_is_refused_with_its_name(tmp_path: Path) -> None:
    file = saved(tmp_path)
    with pytest.raises(WrongUse) as refused:
        report_of_files("prod", [file])
    assert str(refused.value) == (
        f"--from {file}: is a plan of local-services, not of prod\n  use --env local"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Terraform will perform the following actions", "is neither a saved plan nor JSON"),
        ('{"values": {"root_module": {}}}', "is a state, but no plan"),
        ("[]", "is JSON, but no plan"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_way_to_one(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "plan"
    file.write_text(text)
    with pytest.raises(WrongUse, match=problem) as refused:
        report_of_files("local", [file])
    assert "save a plan with terraform plan -out=FILE" in refused.value.fix


def test_a_zip_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "it.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(WrongUse, match="is a zip file, but no plan of a stack of cdktf"):
        report_of_files("local", [file])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="there is no such file"):
        report_of_files("local", [tmp_path / "nowhere"])


@pytest.fixture
def synthesized(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Has main.py write the fixture's stack; addresses of the services in it."""
    stacks = {"local-services": stack()}
    monkeypatch.setattr(
        "ops.terraform.synth.synthesize", lambda name: Synthesized(out=Path("/nowhere"), stacks=stacks)
    )
    return ["docker_service.redis", "docker_service.web"]


def test_the_json_of_a_plan_is_compared_with_the_code_that_is_here(
    tmp_path: Path, synthesized: list[str]
) -> None:
    file = tmp_path / "plan.json"
    file.write_text(
        json.dumps({"resource_changes": [change(each, "create", after={}) for each in synthesized]})
    )
    (shown,) = report_of_files("local", [file]).stacks
    assert shown.name == "local-services"
    assert shown.counts[Action.ADD] == len(shown.services) == len(synthesized)


def test_the_json_of_a_plan_of_other_code_is_refused(tmp_path: Path, synthesized: list[str]) -> None:
    file = tmp_path / "plan.json"
    changes = [change(each, "create", after={}) for each in ("docker_service.other", *synthesized)]
    file.write_text(json.dumps({"resource_changes": changes}))
    with pytest.raises(
        WrongUse, match=r"was made from other code than this, which has no docker_service\.other"
    ):
        report_of_files("local", [file])
    file.write_text(json.dumps({"resource_changes": changes[:1]}))
    with pytest.raises(WrongUse, match="is no plan of local: nothing in it is in a stack of it"):
        report_of_files("local", [file])


def test_the_command_writes_all_forms_of_a_saved_plan(
    tmp_path: Path, terraform: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page, comment = tmp_path / "plan.html", tmp_path / "plan.md"
    words = [
        "plan",
        "--from",
        str(saved(tmp_path)),
        "--json",
        "--markdown",
        str(comment),
        "--html",
        str(page),
    ]
    assert ended(monkeypatch, *words) == FINE
    data = json.loads(capsys.readouterr().out)
    assert data["stacks"][0]["name"] == "local-services"
    assert data["topology"]["nodes"][0]["name"] == "this machine"
    assert comment.read_text().startswith("## Plan of local: local-services\n")
    assert page.read_text().lstrip().startswith("<!doctype html>")


def test_a_saved_plan_is_compared_with_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "plan", "--from", str(tmp_path / "x"), "--base", "HEAD") == WRONG_USE
    assert "--base and --from: each says what to show" in capsys.readouterr().err


def ended(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of a command line."""
    monkeypatch.setattr("sys.argv", ["ops", *words])
    with pytest.raises(SystemExit) as exited:
        run(cli.app)
    return int(exited.value.code or 0)
