"""Two stacks in one command: order, what is refused before anything, and what one takes over from the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from layers.cloud.nodes import nodes_of
from layers.loading import load_environment
from ops.backup import password, state
from ops.check import runner
from ops.check.acknowledgement import Acknowledged, Acknowledgement
from ops.check.finding import Finding
from ops.check.rules import access
from ops.deploy import deploy, preflight, prerequisites, services_first
from ops.errors import Interrupted, OpsError, Refused, WrongUse
from ops.terraform import stack_outputs, target
from ops.terraform.lock_holder import LockHolder, StateLocked
from ops.terraform.missing_values import missing_values
from ops.terraform.runner import Terraform, program
from ops.terraform.synth import Synthesized
from ops.terraform.target import Target, Targets
from tests.unit import ops_terraform
from tests.unit.ops_boundaries import Boundaries, documents_of, targets_of
from tests.unit.ops_cloud import change, cloud
from tests.unit.ops_fixtures import DIGEST_2, stack
from tests.unit.ops_ssh import READY, UNREACHED, said
from tests.unit.ops_terraform import FakeTerraform, resource

PROD = load_environment("prod")


def with_variables(*names: str) -> Targets:
    declared = {name: {"type": "string", "description": f"the {name}"} for name in names}
    return targets_of(PROD, of_services={**stack(), "variable": declared})


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    terraform = FakeTerraform(host_key="ssh-ed25519 A")
    terraform.secrets = {"postgres_password": "from-the-cloud"}
    ops_terraform.give(monkeypatch, cloud=terraform)


def test_the_databases_password_comes_from_the_cloud(outputs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_VAR_postgres_password", raising=False)
    both = with_variables("postgres_password", "discord_secret")
    taken = stack_outputs.with_cloud_outputs(both)
    assert dict(taken.variables) == {"postgres_password": "from-the-cloud"}
    assert "from-the-cloud" not in repr(taken)
    left = missing_values([taken.document], deploys="prod", known=taken.variables, environment={})
    assert [value.variable for value in left] == ["TF_VAR_discord_secret"]


def test_a_password_that_was_supplied_is_left_as_it_is(
    outputs: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_VAR_postgres_password", "mine")
    assert dict(stack_outputs.with_cloud_outputs(with_variables("postgres_password")).variables) == {}


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
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "TF_VAR_postgres_password"):
        monkeypatch.delenv(name, raising=False)
    ops_terraform.install(monkeypatch, tmp_path)
    both = with_variables("postgres_password", "discord_secret")
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
    ("network", "wrong", "severity"),
    [
        ("0.0.0.0/0", "anyone on the internet may try", "error"),
        ("::/0", "anyone on the internet may try", "error"),
        ("128.0.0.0/1", "anyone on the internet may try", "error"),
        ("203.0.113.7/32", "is a placeholder", "deploy"),
        ("2001:db8:1::/48", "is a placeholder", "deploy"),
        ("8.8.8.0/24", "", ""),
        ("2a00:1450::/32", "", ""),
    ],
)
def test_an_allow_list_is_of_addresses_that_are_somebodys(network: str, wrong: str, severity: str) -> None:
    settings = load_environment("prod")
    assert settings.cloud is not None
    ours = settings.cloud.access.model_copy(update={"ssh_from": (network,)})
    changed = settings.model_copy(update={"cloud": settings.cloud.model_copy(update={"access": ours})})
    found = list(access.found_in(changed))
    assert [wrong in str(each) and each.severity == severity for each in found] == ([True] if wrong else [])


def test_a_simulated_outside_world_may_have_any_address() -> None:
    assert list(access.found_in(load_environment("rehearsal"))) == []


def test_a_cloud_that_is_not_there_cannot_be_deployed() -> None:
    local = Targets(cloud=None, services=targets_of(PROD).services)
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
    ops_terraform.install(monkeypatch, tmp_path, version="1.9.8")
    assert not [o for o in prerequisites.tools() if "Terraform" in o.what]
    assert [o.what for o in prerequisites.tools(locks=True)] == [
        "Terraform 1.9 is too old: 1.10 or newer is needed"
    ]
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu-that-is-not-there")
    (told,) = [o.what for o in prerequisites.tools() if "Terraform" in o.what]
    assert told == (
        "Terraform 1.6 or newer is not installed (TERRAFORM_BINARY_NAME asks for tofu-that-is-not-there)"
    )


def synthesized(patch: pytest.MonkeyPatch, *checked: runner.Checked) -> None:
    """Spares the synthesis of prod's stacks and, where results are given, of all environments for their check."""
    found = Synthesized(out=Path("/nowhere"), stacks=documents_of(PROD))
    patch.setattr(target, "synthesize", lambda environment, off=False: found)
    if checked:
        patch.setattr(runner, "check_all", lambda names, say: list(checked) if names == ["all"] else [])


@pytest.mark.parametrize(
    ("only", "steps"),
    [
        ("", ["cloud apply", "services apply"]),
        ("cloud", ["cloud apply"]),
        ("services", ["services apply"]),
    ],
)
def test_the_cloud_comes_first_then_the_nodes_then_the_services(
    only: str,
    steps: list[str],
    boundaries: Boundaries,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    synthesized(monkeypatch, result("prod"))
    boundaries.cloud.changes = [change("digitalocean_tag.nodes", "create", after={"name": "prod"})]
    boundaries.services.changes = [change("docker_service.web", "update", before={}, after={"name": "web"})]
    boundaries.services.resources = [
        resource(f"docker_service.{name}", id=name, name=name) for name in ("redis", "web")
    ]
    boundaries.services.values = {"addresses": '{"web.example.org": "web, public"}'}
    wait = said('{"ready": false, "missing": ["no swarm"]}', code=1)
    boundaries.nodes.statuses = {node.dns_name: [wait, READY] for node in nodes_of(PROD)}
    deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only=only)
    assert boundaries.done == steps
    assert (boundaries.root / PROD.known_hosts).is_file() == ("cloud apply" in steps)
    told = capsys.readouterr()
    lines = [line.strip() for line in told.err.splitlines()]
    if only == "cloud":
        assert not any("ready" in line for line in lines)
        return
    ready = lines.index("2 s  prod-app-1: ready")
    planned = [place for place, line in enumerate(lines) if line == "terraform plan of prod-services ..."]
    assert lines.index("0 s  prod-app-1: no swarm") < ready < planned[-1]
    assert lines[-1] == "2 services converged; no task restarted for 1 s"
    assert "  https://web.example.org  web, public\n" in told.out


LOST_PASSWORD = change("random_password.redis", "delete", before={"length": 32})


def test_services_that_the_guard_refuses_end_a_deploy_before_the_cloud(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthesized(monkeypatch, result("prod"))
    boundaries.cloud.changes = [change("digitalocean_tag.nodes", "create", after={"name": "prod"})]
    boundaries.services.changes = [LOST_PASSWORD]
    boundaries.services.resources = [resource("random_password.redis", length=32)]
    with pytest.raises(Refused) as caught:
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=pytest.fail)
    assert str(caught.value).startswith(
        "the plan of prod-services would be refused after the cloud was changed; nothing was changed"
    )
    assert "random_password.redis" in str(caught.value)
    assert boundaries.done == []


def test_services_that_cannot_be_planned_yet_do_not_keep_a_deploy_from_bringing_their_nodes_back(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(target: Target, **_: Any) -> str:
        return "10.0.0.1 does not answer"

    synthesized(monkeypatch, result("prod"))
    monkeypatch.setattr(services_first, "unreachable", unreachable)
    boundaries.nodes.statuses = {node.dns_name: [READY] for node in nodes_of(PROD)}
    boundaries.cloud.changes = [change("digitalocean_tag.nodes", "create", after={"name": "prod"})]
    boundaries.services.changes = [LOST_PASSWORD]
    boundaries.services.resources = [
        resource(f"docker_service.{name}", id=name, name=name) for name in ("redis", "web")
    ]
    with pytest.raises(Refused, match="the plan of prod-services is not applied"):
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None)
    assert boundaries.done == ["cloud apply"]
    assert (
        "warning: the plan of prod-services is judged after the cloud was changed, since it cannot be made now: "
        "10.0.0.1 does not answer" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "error",
    [
        StateLocked("prod-services", LockHolder(id="1", path="x", operation="plan", who="ci", created=0)),
        Interrupted("interrupted while planning; nothing was changed"),
        OpsError("prod-services: invalid value"),
    ],
)
def test_a_plan_of_the_services_that_fails_ends_a_deploy_before_the_cloud(
    error: OpsError, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(target: Target) -> Mapping[str, Any]:
        raise error

    synthesized(monkeypatch, result("prod"))
    monkeypatch.setattr(services_first, "plan_of", fails)
    boundaries.cloud.changes = [change("digitalocean_tag.nodes", "create", after={"name": "prod"})]
    boundaries.services.resources = [resource("random_password.redis", length=32)]
    with pytest.raises(type(error)):
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None)
    assert boundaries.done == []


def deploy_services_of_prod(boundaries: Boundaries, *, changes: bool) -> None:
    """Deploys services that are all there already; with ``changes``, the plan updates one of them."""
    if changes:
        boundaries.services.changes = [
            change("docker_service.web", "update", before={}, after={"name": "web"})
        ]
    boundaries.services.resources = [
        resource(f"docker_service.{name}", id=name, name=name) for name in ("redis", "web")
    ]
    deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only="services")


@pytest.mark.parametrize("changes", [True, False])
def test_a_deploy_that_changed_something_clears_the_nodes_at_its_end(
    changes: bool, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthesized(monkeypatch, result("prod"))
    boundaries.swarm.api.digests = [DIGEST_2]
    deploy_services_of_prod(boundaries, changes=changes)
    steps = ["services apply", f"remove image example.org/app@{DIGEST_2}"]
    assert list(dict.fromkeys(boundaries.done)) == (steps if changes else [])


@pytest.mark.parametrize("changes", [True, False])
def test_a_deploy_that_changed_something_sends_its_state_to_the_backups_and_does_not_fail_by_it(
    changes: bool,
    boundaries: Boundaries,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sent: list[str] = []

    def send(targets: Targets) -> str:
        sent.append(targets.name)
        return "the new state is not in the backups: no bucket"

    synthesized(monkeypatch, result("prod"))
    monkeypatch.setattr(state, "back_up_after_deploy", send)
    boundaries.nodes.statuses = {node.dns_name: [READY] for node in nodes_of(PROD)}
    deploy_services_of_prod(boundaries, changes=changes)
    assert sent == (["prod"] if changes else [])
    assert ("python -m ops backup --env prod --state" in capsys.readouterr().err) == changes


def test_a_deploy_has_the_backups_open_with_the_password_it_gives_and_ends_a_rotation_that_was_cut_off(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def admit(target: Target, plan: Mapping[str, Any]) -> None:
        boundaries.done.append(f"admit {len(plan['resource_changes'])} change")

    def finish(target: Target) -> str:
        boundaries.done.append("finish")
        return "the backups still open with the old one"

    synthesized(monkeypatch, result("prod"))
    monkeypatch.setattr(state, "back_up_after_deploy", lambda targets: "")
    monkeypatch.setattr(password, "admit", admit)
    monkeypatch.setattr(password, "finish_after_deploy", finish)
    boundaries.nodes.statuses = {node.dns_name: [READY] for node in nodes_of(PROD)}
    boundaries.services.changes = [change("docker_service.web", "update", before={}, after={"name": "web"})]
    boundaries.services.resources = [
        resource(f"docker_service.{name}", id=name, name=name) for name in ("redis", "web")
    ]
    deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only="services")
    assert boundaries.done == ["admit 1 change", "services apply", "finish"]
    assert "warning: the backups still open with the old one" in capsys.readouterr().err
    boundaries.done.clear()
    boundaries.services.changes = [change("docker_service.web", "update", before={}, after={})]
    with pytest.raises(OpsError, match="not approved"):
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=lambda question: False, only="services")
    assert boundaries.done == []


def test_nodes_that_do_not_become_ready_end_a_deploy_before_the_services(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthesized(monkeypatch, result("prod"))
    boundaries.nodes.statuses = {node.dns_name: [UNREACHED] for node in nodes_of(PROD)}
    boundaries.services.changes = [change("docker_service.web", "create", after={"name": "web"})]
    with pytest.raises(
        OpsError, match="nodes are not ready after 60 s\n  prod-app-1: not reached: ssh: connect"
    ):
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, ready_s=60)
    assert boundaries.done == []


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
    synthesized(monkeypatch, *results)
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu-that-is-not-there")
    with pytest.raises(Refused) as caught:
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None)
    assert str(caught.value) == (
        "prod cannot be deployed; nothing of it was changed\n"
        "- prod-services/web: is wrong\n- TF_VAR_x: is wrong\n    mend it\n"
        "- Terraform 1.6 or newer is not installed (TERRAFORM_BINARY_NAME asks for tofu-that-is-not-there)\n"
        "    https://developer.hashicorp.com/terraform/install"
    )
    shown = capsys.readouterr().err
    assert "warning: staging-services/web: is wrong" in shown
    assert "TF_VAR_y" not in shown


def test_an_environment_that_cannot_be_synthesized_is_refused_without_trying_it_again(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(finding("prod.yaml: domain", stack=""), rule=runner.SYNTHESIS)
    synthesized(monkeypatch, result("prod", broken))
    monkeypatch.setattr(target, "synthesize", lambda environment, off=False: pytest.fail("synthesized"))
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


def test_an_id_of_zeros_ends_a_real_deploy(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> None:
    synthesized(monkeypatch)
    with pytest.raises(Refused) as caught:
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None)
    told = [obstacle.what for obstacle in caught.value.obstacles]
    assert any(what.startswith("prod.yaml: ingress/sign_in/guild: is a placeholder") for what in told)
    assert len(told) == len(set(told))
