"""A deploy boots new images between its approval and its first change."""

from __future__ import annotations

from typing import Any

import pytest
import urllib3.exceptions

from layers.cloud.nodes import nodes_of
from layers.loading import load_environment
from ops.backup import password
from ops.boot.throwaway import LABEL
from ops.check import runner
from ops.deploy import deploy, trial_boot
from ops.errors import OpsError, Refused
from ops.terraform import target
from ops.terraform.synth import Synthesized
from tests.unit import ops_engine
from tests.unit.ops_boundaries import Boundaries, documents_of, targets_of
from tests.unit.ops_cloud import change, plan
from tests.unit.ops_engine import FakeEngine, ends
from tests.unit.ops_fixtures import DIGEST_2, stack
from tests.unit.ops_ssh import READY, said
from tests.unit.ops_swarm import on_swarm
from tests.unit.ops_terraform import resource

NEW = f"example.org/app:1.3@{DIGEST_2}"
PROD = load_environment("prod")
CHANGE = change("docker_service.web", "update", before={}, after={"name": "web"})


def with_a_new_image() -> dict[str, Any]:
    document = stack()
    document["resource"]["docker_service"]["web"]["task_spec"]["container_spec"]["image"] = NEW
    return document


@pytest.fixture
def engine(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Its node says that it has memory."""
    found = ops_engine.install(monkeypatch)
    found.nodes_ = boundaries.swarm.nodes
    boundaries.swarm._api = found
    boundaries.nodes.writes = [said("MemAvailable: 8000000 kB\n")]
    return found


def boot(*, wanted: bool = True, times: int = 1) -> bool:
    services = targets_of(PROD, of_services=with_a_new_image()).services
    approve = trial_boot.booting_first(services, lambda plan: True, wanted=wanted)
    return all(approve(plan(CHANGE)) for _ in range(times))


def test_what_came_of_each_image_is_printed(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert boot(times=2)
    told = capsys.readouterr().err
    assert "trial boot of 1 service with a new image\n" in told
    assert told.count("  web, app 1.3 (22222222): healthy after 2 s\n") == 1, (
        "once, however often it is asked"
    )
    assert engine.is_empty


def test_a_bad_image_is_refused_with_its_last_lines_and_how_the_running_one_fares(engine: FakeEngine) -> None:
    engine.behaves = {NEW: ends(3)}
    with pytest.raises(Refused) as caught:
        boot()
    assert str(caught.value) == (
        "prod is not deployed, nothing was changed: 1 new image did not pass the trial boot\n"
        "- web, app 1.3 (22222222): ended with exit code 3 after 1 s, twice\n"
        "    the image that runs now, booted in the same place: healthy after 2 s\n"
        "    its last lines:\n"
        "      first\n"
        "      last words\n"
        "    correct the image or what the service gives it; --no-trial-boot deploys all the same"
    )


def test_nothing_is_booted_where_nothing_is_new(engine: FakeEngine, boundaries: Boundaries) -> None:
    boundaries.swarm.services_ = [on_swarm("web", image=NEW)]
    assert boot()
    assert engine.all == []


def test_nothing_is_booted_of_a_plan_that_is_not_approved(engine: FakeEngine) -> None:
    services = targets_of(PROD, of_services=with_a_new_image()).services
    assert not trial_boot.booting_first(services, lambda plan: False)(plan(CHANGE))
    assert engine.all == []


def test_without_it_a_warning_says_so(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert boot(wanted=False)
    assert capsys.readouterr().err == (
        "warning: --no-trial-boot: new images replace running ones without having been booted\n"
    )
    assert engine.all == []


def test_a_node_that_does_not_say_what_is_free_gets_no_trial_and_a_warning(
    engine: FakeEngine, boundaries: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    boundaries.nodes.writes = [said("", code=1, errors="cat: denied")]
    assert boot()
    assert capsys.readouterr().err.startswith("warning: new images are not booted first: deploy@swarm.")
    assert engine.all == []


def test_an_engine_that_fails_ends_the_deploy_before_it_begins(
    engine: FakeEngine, boundaries: Boundaries
) -> None:
    boundaries.swarm.answers = False
    with pytest.raises(OpsError, match="did not come to its end, so nothing was changed: the engine at"):
        boot()


def test_an_engine_that_breaks_off_an_answer_ends_it_without_a_traceback(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inspect(container: str) -> dict[str, Any]:
        raise urllib3.exceptions.ProtocolError("connection broken")

    monkeypatch.setattr(engine, "inspect_container", inspect)
    with pytest.raises(OpsError, match=r"nothing was changed: .*connection broken"):
        boot()
    assert engine.is_empty


def test_what_a_killed_trial_left_is_removed_and_told(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.networks_.append({"Id": "old", "Labels": {LABEL: "elsewhere:1:1"}})
    assert boot()
    assert "1 object of a trial boot that was cut off: removed\n" in capsys.readouterr().err
    assert engine.is_empty


def test_a_deploy_with_a_bad_image_changes_nothing(
    engine: FakeEngine, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the password of the backups; and no release is recorded."""
    found = Synthesized(out=boundaries.root, stacks=documents_of(PROD, of_services=with_a_new_image()))
    monkeypatch.setattr(target, "synthesize", lambda environment, off=False: found)
    monkeypatch.setattr(
        runner, "check_all", lambda names, say: [runner.Checked(environment="prod", findings=())]
    )
    monkeypatch.setattr(password, "admit", lambda target, plan: boundaries.done.append("admit"))
    boundaries.nodes.statuses = {node.dns_name: [READY] for node in nodes_of(PROD)}
    boundaries.services.changes = [CHANGE]
    boundaries.services.resources = [
        resource(f"docker_service.{name}", id=name, name=name) for name in ("redis", "web")
    ]
    engine.behaves = {NEW: ends(3)}
    with pytest.raises(Refused, match="1 new image did not pass the trial boot"):
        deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only="services")
    assert boundaries.done == []
    engine.behaves = {}
    deploy.deploy("prod", stable_s=1, parallelism=1, ask=None, only="services")
    assert boundaries.done == ["admit", "services apply"]
    assert engine.is_empty
