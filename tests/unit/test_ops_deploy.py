"""Two stacks in one command: order, what is refused before anything, and what one takes over from the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.check import runner
from ops.check.acknowledgement import Acknowledged, Acknowledgement
from ops.check.finding import Finding
from ops.check.rules import access
from ops.deploy import deploy, preflight, prerequisites
from ops.errors import Obstacle, Refused, WrongUse
from ops.nodes import readiness
from ops.terraform import stack_outputs
from ops.terraform.apply import ApprovedChanges
from ops.terraform.missing_values import missing_values
from ops.terraform.runner import Terraform, program
from ops.terraform.target import Target, Targets
from tests.unit.ops_cloud import cloud
from tests.unit.ops_fixtures import stack


def targets(environment: str = "prod", services: dict[str, Any] | None = None) -> Targets:
    settings = load_environment(environment)
    local = {"terraform": {"backend": {"local": {"path": "x.tfstate"}}}}
    return Targets(
        cloud=Target(
            settings=settings,
            stack=settings.cloud_stack,
            document={**cloud(), **local},
            folder=Path("/nowhere"),
        ),
        services=Target(
            settings=settings,
            stack=settings.services_stack,
            document={**(services or stack()), **local},
            folder=Path("/nowhere"),
        ),
    )


def with_variables(*names: str) -> dict[str, Any]:
    return {**stack(), "variable": {name: {"type": "string", "description": f"the {name}"} for name in names}}


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Terraform, "init", lambda self: None)
    monkeypatch.setattr(Terraform, "outputs", lambda self: {"host_key": "ssh-ed25519 A"})
    monkeypatch.setattr(Terraform, "secret_outputs", lambda self: {"postgres_password": "from-the-cloud"})


def test_the_databases_password_comes_from_the_cloud(outputs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_VAR_postgres_password", raising=False)
    both = targets(services=with_variables("postgres_password", "discord_secret"))
    taken = stack_outputs.with_cloud_outputs(both)
    assert dict(taken.variables) == {"postgres_password": "from-the-cloud"}
    assert "from-the-cloud" not in repr(taken)
    left = missing_values([taken.document], deploys="prod", known=taken.variables, environment={})
    assert [value.variable for value in left] == ["TF_VAR_discord_secret"]


def test_a_password_that_was_supplied_is_left_as_it_is(
    outputs: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_VAR_postgres_password", "mine")
    assert (
        dict(
            stack_outputs.with_cloud_outputs(targets(services=with_variables("postgres_password"))).variables
        )
        == {}
    )


def test_terraform_gets_it_by_environment_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = tmp_path / "tofu"
    played.write_text('#!/bin/sh\nprintf \'{"got": "%s"}\' "$TF_VAR_postgres_password"\n')
    played.chmod(0o755)
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", str(played))
    assert program() == str(played)
    assert Terraform(tmp_path, {"postgres_password": "x"}).state() == {"got": "x"}
    assert Terraform(tmp_path).state() == {"got": ""}


def test_everything_that_is_missing_of_both_stacks_is_named_before_anything_is_touched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "TF_VAR_postgres_password"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(prerequisites, "tools", lambda locks: iter(()))
    both = targets(services=with_variables("postgres_password", "discord_secret"))
    with pytest.raises(Refused) as caught:
        deploy.check_prerequisites(both, "")
    told = str(caught.value)
    assert "DIGITALOCEAN_TOKEN is not set" in told
    assert "TF_VAR_discord_secret is not set" in told
    assert "postgres_password" not in told
    assert "prod.yaml: cloud/access/ssh_from/0: 192.0.2.0/24 is a placeholder" in told
    with pytest.raises(Refused) as caught:
        deploy.check_prerequisites(both, "services")
    assert "DIGITALOCEAN_TOKEN" not in str(caught.value) and "ssh_from" not in str(caught.value)


@pytest.mark.parametrize(
    ("network", "wrong"),
    [
        ("0.0.0.0/0", "anyone on the internet may try"),
        ("::/0", "anyone on the internet may try"),
        ("128.0.0.0/1", "anyone on the internet may try"),
        ("203.0.113.7/32", "is a placeholder"),
        ("2001:db8:1::/48", "is a placeholder"),
        ("8.8.8.0/24", ""),
        ("2a00:1450::/32", ""),
    ],
)
def test_an_allow_list_is_of_addresses_that_are_somebodys(network: str, wrong: str) -> None:
    settings = load_environment("prod")
    assert settings.cloud is not None
    ours = settings.cloud.access.model_copy(update={"ssh_from": (network,)})
    changed = settings.model_copy(update={"cloud": settings.cloud.model_copy(update={"access": ours})})
    found = list(access.found_in(changed))
    assert [wrong in str(each) and each.severity == "deploy" for each in found] == ([True] if wrong else [])


def test_a_simulated_outside_world_may_have_any_address() -> None:
    assert list(access.found_in(load_environment("rehearsal"))) == []


def test_a_cloud_that_is_not_there_cannot_be_deployed() -> None:
    local = Targets(cloud=None, services=targets().services)
    with pytest.raises(WrongUse, match="has no cloud: there is no such stack to deploy"):
        deploy.check_prerequisites(local, "cloud")


def test_credentials_come_from_the_shell_only_and_each_is_named_once() -> None:
    document = {**cloud(), "terraform": {"backend": {"s3": {}}}}
    document["resource"]["digitalocean_spaces_bucket"] = {"b": {}}

    def missing(environment: dict[str, str], *documents: dict[str, Any]) -> list[str]:
        found = missing_values(documents, deploys="prod", environment=environment)
        return [value.variable for value in found]

    assert missing({}, document, document) == [
        *("DIGITALOCEAN_TOKEN", "SPACES_ACCESS_KEY_ID", "SPACES_SECRET_ACCESS_KEY"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ]
    have = {"DIGITALOCEAN_ACCESS_TOKEN": "t", "SPACES_ACCESS_KEY_ID": "k", "AWS_ACCESS_KEY_ID": "k"}
    assert missing(have, document) == ["SPACES_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"]
    assert missing(have | {"SPACES_SECRET_ACCESS_KEY": "s", "AWS_PROFILE": "p"}, document) == []
    assert missing({}, stack()) == []


def test_the_lock_needs_a_newer_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = tmp_path / "terraform"
    played.write_text('#!/bin/sh\necho \'{"terraform_version": "1.9.8"}\'\n')
    played.chmod(0o755)
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", str(played))
    assert not [o for o in prerequisites.tools() if "Terraform" in o.what]
    assert [o.what for o in prerequisites.tools(locks=True)] == [
        "Terraform 1.9 is too old: 1.10 or newer is needed"
    ]
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu-that-is-not-there")
    (told,) = [o.what for o in prerequisites.tools() if "Terraform" in o.what]
    assert told == (
        "Terraform 1.6 or newer is not installed (TERRAFORM_BINARY_NAME asks for tofu-that-is-not-there)"
    )


@pytest.mark.parametrize(
    ("only", "steps"), [("", "cloud ready services"), ("cloud", "cloud"), ("services", "ready services")]
)
def test_the_cloud_comes_first_then_the_nodes_then_the_services(
    only: str, steps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(deploy, "targets_of", lambda environment: targets())
    monkeypatch.setattr(runner, "check_all", lambda names, say: [result("prod")])
    monkeypatch.setattr(prerequisites, "tools", lambda locks=False: iter(()))
    monkeypatch.setattr(deploy, "deploy_cloud", lambda target, **rest: done.append("cloud"))
    monkeypatch.setattr(deploy, "deploy_services", lambda targets, **rest: done.append("services"))
    monkeypatch.setattr(readiness, "require_ready", lambda target, **rest: done.append("ready"))
    deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only=only, approved=ApprovedChanges())
    assert done == steps.split()


def result(environment: str, *findings: Finding) -> runner.Checked:
    return runner.Checked(environment=environment, findings=findings)


def finding(path: str, **rest: Any) -> Finding:
    return Finding(path=path, what="is wrong", cause="", fix="mend it", rule="seeded", **rest)


def test_a_deploy_is_refused_for_its_own_findings_and_warns_of_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All at once with what this machine lacks, before anything is changed."""
    results = [
        result("staging", finding("staging-services/web"), finding("TF_VAR_y", severity="deploy")),
        result("prod", finding("prod-services/web"), finding("TF_VAR_x", severity="deploy")),
    ]
    monkeypatch.setattr(runner, "check_all", lambda names, say: results if names == ["all"] else [])
    monkeypatch.setattr(deploy, "targets_of", lambda environment: targets())
    monkeypatch.setattr(
        prerequisites, "tools", lambda locks=False: iter([Obstacle(what="no terraform", fix="get it")])
    )
    with pytest.raises(Refused) as caught:
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None)
    assert str(caught.value) == (
        "prod cannot be deployed; nothing was changed\n"
        "- prod-services/web: is wrong\n- TF_VAR_x: is wrong\n    mend it\n- no terraform\n    get it"
    )
    shown = capsys.readouterr().err
    assert "warning: staging-services/web: is wrong" in shown
    assert "TF_VAR_y" not in shown


def test_an_environment_that_cannot_be_synthesized_is_refused_without_trying_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = replace(finding("prod.yaml: domain", stack=""), rule=runner.SYNTHESIS)
    monkeypatch.setattr(runner, "check_all", lambda names, say: [result("prod", broken)])
    monkeypatch.setattr(prerequisites, "tools", lambda locks=False: iter(()))
    monkeypatch.setattr(deploy, "targets_of", lambda environment: pytest.fail("synthesized"))
    with pytest.raises(Refused, match=r"prod\.yaml: domain: is wrong"):
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None)


@pytest.mark.parametrize(
    ("only", "blocking"),
    [
        ("", ["wiring", "ssh", "both", "conflict"]),
        ("cloud", ["ssh", "both", "conflict"]),
        ("services", ["wiring", "both", "conflict"]),
    ],
)
def test_the_other_stacks_findings_do_not_end_the_deploy_of_one(only: str, blocking: list[str]) -> None:
    own = result("prod", finding("wiring"), finding("ssh", stack="cloud"), finding("both", stack=""))
    conflict = replace(finding("conflict", stack=""), rule=runner.CONFLICT)
    found = preflight.judged([own, result(runner.TOGETHER, conflict)], "prod", only)
    assert [each.path for each in found.blocking] == blocking
    assert {each.path for each in found.warnings} == {"wiring", "ssh"} - set(blocking)


def test_a_finding_that_is_acknowledged_does_not_block() -> None:
    entry = Acknowledgement(finding="seeded", about="x", reason="it is so")
    known = runner.Checked(
        environment="prod", findings=(), acknowledged=(Acknowledged(finding=finding("x"), entry=entry),)
    )
    assert preflight.judged([known], "prod", "").blocking == ()


def test_an_id_of_zeros_ends_a_real_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "targets_of", lambda environment: targets())
    monkeypatch.setattr(prerequisites, "tools", lambda locks=False: iter(()))
    with pytest.raises(Refused) as caught:
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None)
    told = [obstacle.what for obstacle in caught.value.obstacles]
    assert any(what.startswith("prod.yaml: ingress/sign_in/guild: is a placeholder") for what in told)
    assert len(told) == len(set(told))
