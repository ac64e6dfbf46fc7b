"""A broker is upgraded only when it has enabled what the next version requires."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.check import acknowledgement
from ops.deploy import feature_flags, store_steps
from ops.errors import Refused
from ops.swarm.containers import Finished, Tasks
from ops.terraform.target import Target
from tests.unit.ops_fixtures import DIGEST_1, at, service, stack
from tests.unit.ops_swarm import FakeSwarm
from tests.unit.ops_terraform import resource

FLAGS = (
    ("quorum_queue", "enabled", "stable"),
    ("rabbitmq_4.0.0", "disabled", "stable"),
    ("khepri_db", "disabled", "experimental"),
)
NOT_ENABLED = "rabbitmq has feature flags that are not enabled: rabbitmq_4.0.0; the next version may not start without them"


class Broker:
    """What a container of RabbitMQ answers, if there is one."""

    def __init__(self) -> None:
        self.container: str | None = "c1"
        self.answer = Finished(code=0, output=listed(*FLAGS))
        self.asked: list[tuple[str, ...]] = []


def listed(*flags: tuple[str, str, str]) -> str:
    return json.dumps([dict(zip(("name", "state", "stability"), flag, strict=True)) for flag in flags])


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()

    @contextmanager
    def engines(target: Target) -> Iterator[list[FakeSwarm]]:
        yield [FakeSwarm(), FakeSwarm()]

    def run(tasks: Tasks, container: str, *words: str) -> Finished:
        broker.asked.append((container, *words))
        return broker.answer

    monkeypatch.setattr(feature_flags, "engines", engines)
    monkeypatch.setattr(Tasks, "container", lambda tasks, name: broker.container)
    monkeypatch.setattr(Tasks, "run", run)
    return broker


def target_of(version: str) -> Target:
    document = stack()
    document["resource"]["docker_service"]["rabbitmq"] = service(
        "data/rabbitmq", name="rabbitmq", image=f"rabbitmq:{version}@{DIGEST_1}"
    )
    record = at("x", input={"program": "rabbitmq", "version": version})
    record["//"]["metadata"]["path"] = "local-services/data/rabbitmq/data-version"
    document["resource"]["terraform_data"] = {"version": record}
    return Target(
        settings=load_environment("local"), stack="local-services", document=document, folder=Path("/x")
    )


def state(version: str) -> dict[str, Any]:
    record = resource("terraform_data.version", input={"program": "rabbitmq", "version": version})
    return {"values": {"root_module": {"resources": [record | {"mode": "managed", "name": "version"}]}}}


def obstacles() -> list[str]:
    return [each.what for each in feature_flags.obstacles(target_of("4.1.8"), "rabbitmq")]


def test_stable_flags_that_are_not_enabled_are_named(broker: Broker) -> None:
    assert obstacles() == [NOT_ENABLED]
    assert broker.asked == [("c1", *feature_flags.LIST)]


def test_experimental_flags_may_stay_as_they_are(broker: Broker) -> None:
    broker.answer = Finished(code=0, output=listed(FLAGS[0], FLAGS[2]))
    assert obstacles() == []


def test_a_broker_that_does_not_run_cannot_be_asked(broker: Broker) -> None:
    broker.container = None
    assert obstacles() == [
        "whether rabbitmq has enabled its feature flags cannot be told: it has no running task"
    ]


def test_a_broker_that_does_not_answer_is_quoted(broker: Broker) -> None:
    broker.answer = Finished(code=69, output="Error: unable to perform an operation\non node rabbit@rabbitmq")
    (told,) = obstacles()
    assert told.endswith(
        "rabbitmqctl ended with 69: Error: unable to perform an operation on node rabbit@rabbitmq"
    )


@pytest.mark.parametrize(("to", "asked"), [("4.0.10", 0), ("4.1.8", 1), ("4.0.8", 0)])
def test_a_deploy_asks_it_before_an_acknowledged_upgrade_and_else_not(
    to: str, asked: int, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledgement, "environments_folder", lambda: tmp_path)
    (tmp_path / "acknowledged").mkdir()
    entry = '{store: rabbitmq, from: "4.0", to: "4.1", reason: a test, until: 9999-12-31}'
    (tmp_path / "acknowledged" / "local.yaml").write_text(f"upgrades: [{entry}]\n")
    told = []
    try:
        store_steps.refuse(target_of(to), state("4.0.9"))
    except Refused as error:
        told = [each.what for each in error.obstacles]
    assert told == [NOT_ENABLED] * asked
    assert len(broker.asked) == asked
