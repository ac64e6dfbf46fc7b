"""Switching an environment off, and what a purge refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.loading import load_environment
from ops.deploy import teardown
from ops.errors import OpsError, Refused, WrongUse
from ops.release import archive
from ops.terraform import target
from ops.terraform.synth import Synthesized
from tests.unit.ops_boundaries import Boundaries, documents_of
from tests.unit.ops_cloud import change
from tests.unit.ops_swarm import on_swarm
from tests.unit.ops_terraform import resource

PROD = load_environment("prod")


@pytest.fixture
def deployed(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> Boundaries:
    """Prod, of which switched off only the volume and the password are left; its synthesis is spared."""
    synthesized = Synthesized(out=Path("/nowhere"), stacks=documents_of(PROD))

    def synthesize(environment: str, off: bool = False) -> Synthesized:
        assert off
        return synthesized

    monkeypatch.setattr(target, "synthesize", synthesize)
    stays = [
        resource("docker_volume.redis_data", id="sprocket-redis", name="sprocket-redis"),
        resource("random_password.redis_password", id="none", result="x"),
    ]
    terraform = boundaries.services
    terraform.resources = [resource("docker_service.web", id="web", name="web"), *stays]
    terraform.changes = [change("docker_service.web", "delete", before={"name": "web"})]

    def gone() -> None:
        terraform.resources = stays
        boundaries.swarm.services_.clear()

    terraform.on_apply = gone
    return boundaries


def test_what_is_switched_off_keeps_its_data_and_the_droplets(
    deployed: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    teardown.down("prod", parallelism=1, ask=lambda question: question.startswith("switch prod off?"))
    assert deployed.done == ["services apply"]
    told = capsys.readouterr().err
    assert "prod is off; 1 volume and 1 generated secret stay" in told
    assert "droplets, volumes and addresses" in told


def test_who_says_no_leaves_it_as_it_is(deployed: Boundaries) -> None:
    with pytest.raises(OpsError, match="not approved; nothing was changed"):
        teardown.down("prod", parallelism=1, ask=lambda question: False)
    assert deployed.done == []


def test_what_was_never_deployed_is_not_switched_off(
    deployed: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.services.resources = []
    teardown.down("prod", parallelism=1, ask=None)
    assert "prod has no state" in capsys.readouterr().err
    assert deployed.done == []


def test_a_machine_without_terraform_is_refused_before_the_engine_is_asked(
    deployed: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.swarm.answers = False
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu-that-is-not-there")
    with pytest.raises(Refused, match=r"prod cannot be switched off; nothing was changed\n- Terraform 1\.6"):
        teardown.down("prod", parallelism=1, ask=None)


def test_an_engine_that_does_not_answer_ends_it_before_anything_is_changed(deployed: Boundaries) -> None:
    deployed.swarm.answers = False
    with pytest.raises(OpsError, match="does not answer: timed out"):
        teardown.down("prod", parallelism=1, ask=None)
    assert deployed.done == []


def test_an_environment_with_a_cloud_is_not_purged(deployed: Boundaries) -> None:
    with pytest.raises(WrongUse, match="prod has a cloud"):
        teardown.purge("prod", parallelism=1)
    assert deployed.done == []


def test_what_a_killed_deploy_left_is_switched_off_too(
    deployed: Boundaries, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on = Synthesized(out=Path("/nowhere"), stacks=documents_of(PROD))
    monkeypatch.setattr(teardown, "synthesize", lambda environment, out: on)
    deployed.services.resources.append(resource("docker_network.edge", id="net-1", name="edge"))
    deployed.swarm.services_ = [on_swarm("web", "web"), on_swarm("redis", "left", uses=["net-1"])]
    teardown.down("prod", parallelism=1, ask=None)
    assert deployed.done == ["remove service left", "services apply"]
    assert "service redis: left by an apply that did not finish; removed" in capsys.readouterr().err


def test_a_purge_deletes_the_releases_with_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (teardown, archive):
        monkeypatch.setattr(module, "STATE", tmp_path / ".sprocket")
    folder = archive.folder_of(PROD)
    state = folder.parent / f"{PROD.services_stack}.tfstate"
    folder.mkdir(parents=True)
    for file in (folder / "000001.json", state, state.with_name(f"{state.name}.backup")):
        file.touch()
    documents = documents_of(PROD)
    documents[PROD.services_stack]["terraform"] = {"backend": {"local": {"path": str(state)}}}
    targets = target.targets_in(PROD, Synthesized(out=tmp_path, stacks=documents))
    teardown._delete_state(targets.services)
    assert list(tmp_path.iterdir()) == []
