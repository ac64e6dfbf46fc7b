"""A deploy on this machine loses data only after the environment's name was given; elsewhere a file has to say so."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.check import acknowledgement, runner
from ops.cli import confirmation
from ops.deploy import approval, deploy, plan, teardown
from ops.deploy.plan import report_of_plan
from ops.errors import Refused, WrongUse
from ops.report import text
from ops.report.model import Report
from ops.terraform import target
from ops.terraform.apply import ApprovedChanges, apply
from ops.terraform.synth import Synthesized
from ops.terraform.target import Target, targets_in
from tests.unit.ops_boundaries import Boundaries, documents_of
from tests.unit.ops_cloud import change
from tests.unit.ops_fixtures import stack
from tests.unit.ops_terraform import resource

LOCAL, PROD = load_environment("local"), load_environment("prod")
VOLUME = change("docker_volume.redis_data", "delete", before={"name": "sprocket-redis"})
PASSWORD = change(
    "random_password.redis_password", "delete", "create", before={}, after={}, paths=("length",)
)
ENTRY = (
    "changes:\n  - {kind: lost-volume, about: docker_volume.redis_data, reason: moved, until: 2999-01-01}\n"
)


@pytest.fixture
def acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of acknowledgements, in which nothing is yet."""
    monkeypatch.setattr(acknowledgement, "environments_folder", lambda: tmp_path)
    folder = tmp_path / "acknowledged"
    folder.mkdir()
    return folder


@pytest.fixture
def here(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch, acknowledged: Path) -> Boundaries:
    """The local environment, deployed; its checks and its images are spared."""
    found = Synthesized(out=Path("/nowhere"), stacks=documents_of(LOCAL))
    monkeypatch.setattr(target, "synthesize", lambda environment, off=False: found)
    monkeypatch.setattr(
        runner, "check_all", lambda names, say: [runner.Checked(environment="local", findings=())]
    )
    boundaries.services.resources = [resource(f"docker_service.{n}", id=n, name=n) for n in ("redis", "web")]
    boundaries.services.changes = [VOLUME]
    return boundaries


def deployed(here: Boundaries, lose: Callable[[str], None] | None) -> None:
    targets = targets_in(LOCAL, Synthesized(out=Path("/nowhere"), stacks=documents_of(LOCAL)))
    entries = tuple(acknowledgement.acknowledged_changes("local"))
    approved = ApprovedChanges(acknowledged=entries, lose=lose)
    approve = approval.approval(targets.services, None, approved=approved)
    apply(targets.services, parallelism=1, approve=approve, approved=approved)


def test_a_volume_is_lost_only_with_the_name(here: Boundaries) -> None:
    with pytest.raises(WrongUse, match=r"'prod' is not 'local'; nothing was changed"):
        deployed(here, confirmation.loss(LOCAL, "prod"))
    assert here.done == []
    deployed(here, confirmation.loss(LOCAL, "local"))
    assert here.done == ["services apply"]


def test_without_a_terminal_and_without_the_name_nothing_is_lost(
    here: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    here.services.changes = [VOLUME, PASSWORD]
    with pytest.raises(WrongUse) as caught:
        deployed(here, confirmation.loss(LOCAL, None))
    assert str(caught.value) == (
        "this deletes data of local:\n"
        "  generated secret random_password.redis_password would be replaced (because of length): "
        "the old value is lost, and what needs it may not open again\n"
        "  volume sprocket-redis would be destroyed: all data on it is lost; stdin is not a terminal\n"
        "  confirm with --confirm local"
    )
    assert here.done == []


def test_where_nobody_can_be_asked_it_is_refused(here: Boundaries) -> None:
    """A command that never loses data by itself, such as soak."""
    with pytest.raises(Refused, match="the plan of local-services is not applied; nothing was changed"):
        deployed(here, None)
    assert here.done == []


def test_an_acknowledged_loss_is_not_asked_about(here: Boundaries, acknowledged: Path) -> None:
    (acknowledged / "local.yaml").write_text(ENTRY)
    deployed(here, pytest.fail)
    assert here.done == ["services apply"]


def test_a_deploy_that_loses_nothing_asks_nothing(here: Boundaries) -> None:
    here.services.changes = [
        change("docker_service.web", "update", before={"name": "web"}, after={"name": "web"})
    ]
    deployed(here, pytest.fail)
    assert here.done == ["services apply"]


def test_a_command_that_means_it_is_not_stopped(prod: Boundaries) -> None:
    """rotate renews the secrets that it names; purge has had the name typed."""
    targets = targets_in(PROD, Synthesized(out=Path("/nowhere"), stacks=documents_of(PROD)))
    prod.services.changes = [PASSWORD]
    with pytest.raises(Refused, match="generated secret"):
        apply(targets.services, parallelism=1, renewed=["random_password.other"])
    assert prod.done == []
    apply(targets.services, parallelism=1, renewed=["random_password.redis_password"])
    prod.services.changes = [PASSWORD, VOLUME]
    apply(targets.services, parallelism=1, destroy=True)
    assert prod.done == ["services apply"] * 2


def test_yes_never_answers_for_data() -> None:
    """It answers the question about the plan, which is not asked here."""
    assert confirmation.question(LOCAL, yes=True) is None
    assert confirmation.loss(LOCAL, None) is not None


def test_elsewhere_no_option_confirms_a_loss() -> None:
    assert confirmation.loss(PROD, None) is None
    with pytest.raises(
        WrongUse, match=r"prod is not on this machine's engine(.|\n)*acknowledge-a-change\.md"
    ):
        confirmation.loss(PROD, "prod")


@pytest.fixture
def prod(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch, acknowledged: Path) -> Boundaries:
    found = Synthesized(out=Path("/nowhere"), stacks=documents_of(PROD))
    monkeypatch.setattr(target, "synthesize", lambda environment, off=False: found)
    monkeypatch.setattr(
        runner, "check_all", lambda names, say: [runner.Checked(environment="prod", findings=())]
    )
    boundaries.services.resources = [resource(f"docker_service.{n}", id=n, name=n) for n in ("redis", "web")]
    return boundaries


def test_a_deploy_elsewhere_passes_with_the_file_and_not_without(
    prod: Boundaries, acknowledged: Path
) -> None:
    prod.services.changes = [VOLUME]
    with pytest.raises(Refused) as caught:
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only="services")
    (obstacle,) = caught.value.obstacles
    assert obstacle.what == "volume sprocket-redis would be destroyed: all data on it is lost"
    assert (
        "{kind: lost-volume, about: 'docker_volume.redis_data', reason: ..., until: YYYY-MM-DD}"
        in obstacle.fix
    )
    assert prod.done == []
    (acknowledged / "prod.yaml").write_text(ENTRY)
    deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only="services")
    assert prod.done[0] == "services apply"


def test_switching_off_does_not_take_along_what_was_edited_out(prod: Boundaries, acknowledged: Path) -> None:
    prod.services.changes = [change("docker_service.web", "delete", before={"name": "web"}), VOLUME]
    with pytest.raises(Refused, match="volume sprocket-redis would be destroyed"):
        teardown.down("prod", parallelism=1, ask=None)
    (acknowledged / "prod.yaml").write_text(ENTRY)
    prod.services.on_apply = prod.swarm.services_.clear
    teardown.down("prod", parallelism=1, ask=None)
    assert prod.done == ["services apply"]


def test_a_plan_shows_what_a_deploy_refuses_and_what_is_acknowledged(acknowledged: Path) -> None:
    services = Target(settings=PROD, stack="prod-services", document=stack(), folder=Path("/x"))
    made: dict[str, Any] = {"resource_changes": [VOLUME]}

    def shown() -> Report:
        return Report(environment="prod", stacks=(report_of_plan(services, made),))

    assert shown().is_refused
    assert "A DEPLOY REFUSES THIS\n  ! volume sprocket-redis would be destroyed" in text.render(shown())
    (acknowledged / "prod.yaml").write_text(ENTRY)
    assert not shown().is_refused
    assert "    acknowledged until 2999-01-01: moved" in text.render(shown())
    (acknowledged / "prod.yaml").write_text(
        ENTRY.replace("2999-01-01", f"{datetime.now(UTC).year - 1}-01-01")
    )
    assert shown().is_refused


def test_a_plan_against_a_revision_shows_it_too(acknowledged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pull request shows it, where nobody reaches the state."""
    old, new = stack(), stack()
    del new["resource"]["docker_volume"]
    new["resource"]["docker_service"]["web"]["labels"] = []
    new["output"]["addresses"]["value"] = "{}"
    made = {
        each: Synthesized(out=Path("/x"), stacks={"prod-services": doc})
        for each, doc in (("old", old), ("new", new))
    }
    monkeypatch.setattr(plan, "commit_of", lambda revision: revision)
    monkeypatch.setattr(plan, "synthesize", lambda environment: made["new"])
    monkeypatch.setattr(plan, "synthesized_at", lambda revision, environment: made["old"])
    (report,) = plan.report_of("prod", base="main").stacks
    assert [each.what for each in report.guarded] == [
        "volume sprocket-redis would be destroyed: all data on it is lost",
        "https://web.example.org, which is public, would not be served any more",
    ]
