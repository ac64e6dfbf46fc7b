"""Two stacks in one command: order, what is refused before anything, and what one takes over from the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.check.rules import access
from ops.deploy import deploy, prerequisites
from ops.errors import Refused, WrongUse
from ops.nodes import readiness
from ops.terraform import secrets, stack_outputs
from ops.terraform.apply import ApprovedChanges
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
    assert [o.what for o in secrets.missing(taken.document, known=taken.variables)] == [
        "secret discord_secret is missing: the discord_secret"
    ]


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
    assert "secret discord_secret is missing" in told
    assert "postgres_password" not in told
    assert "prod.yaml: cloud/access/ssh_from/0: 192.0.2.0/24 is a placeholder" in told
    with pytest.raises(Refused) as caught:
        deploy.check_prerequisites(both, "services")
    assert "DIGITALOCEAN_TOKEN" not in str(caught.value) and "ssh_from" not in str(caught.value)


@pytest.mark.parametrize(
    ("network", "wrong"),
    [
        ("0.0.0.0/0", "everybody may try"),
        ("::/0", "everybody may try"),
        ("128.0.0.0/1", "everybody may try"),
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
    with pytest.raises(WrongUse, match="has no cloud: there is nothing to deploy of it"):
        deploy.check_prerequisites(local, "cloud")


def test_credentials_by_environment_only() -> None:
    document = {**cloud(), "terraform": {"backend": {"s3": {}}}}
    document["resource"]["digitalocean_spaces_bucket"] = {"b": {}}
    told = [obstacle.what for obstacle in prerequisites.credentials(document, {})]
    assert [line.split(":")[0] for line in told] == [
        "no credentials for DigitalOcean's API",
        "no credentials for Spaces",
        "no credentials for the state's bucket",
    ]
    have = {"DIGITALOCEAN_ACCESS_TOKEN": "t", "SPACES_ACCESS_KEY_ID": "k", "AWS_ACCESS_KEY_ID": "k"}
    assert [obstacle.what for obstacle in prerequisites.credentials(document, have)] == [
        "no credentials for Spaces: SPACES_SECRET_ACCESS_KEY is not set",
        "no credentials for the state's bucket: AWS_SECRET_ACCESS_KEY is not set",
    ]
    assert "SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY are not set" in told[1]
    have |= {"SPACES_SECRET_ACCESS_KEY": "s", "AWS_PROFILE": "p"}
    assert not list(prerequisites.credentials(document, have))
    assert not list(prerequisites.credentials(stack(), {}))


def test_the_lock_needs_a_newer_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = tmp_path / "terraform"
    played.write_text('#!/bin/sh\necho \'{"terraform_version": "1.9.8"}\'\n')
    played.chmod(0o755)
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", str(played))
    assert not [o for o in prerequisites.tools() if "Terraform" in o.what]
    assert [o.what for o in prerequisites.tools(locks=True)] == ["Terraform is 1.9, needed is 1.10 or newer"]
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
    monkeypatch.setattr(deploy, "check_prerequisites", lambda targets, only: None)
    monkeypatch.setattr(deploy, "deploy_cloud", lambda target, **rest: done.append("cloud"))
    monkeypatch.setattr(deploy, "deploy_services", lambda targets, **rest: done.append("services"))
    monkeypatch.setattr(readiness, "require_ready", lambda target, **rest: done.append("ready"))
    deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only=only, approved=ApprovedChanges())
    assert done == steps.split()
