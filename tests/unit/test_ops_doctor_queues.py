"""A backlog is explained by the service that takes from the queue, and its log comes next."""

from __future__ import annotations

import json
from functools import cache

import pytest

from layers.loading import load_environment
from ops.check.application import PROGRAMS
from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.doctor.rules import queues
from ops.swarm.engine import Swarm
from ops.terraform.synth import synthesize
from ops.terraform.target import Targets, targets_in
from tests.own_queue import own_queue
from tests.unit.ops_doctor import Engine

CALL = "rabbitmqctl --quiet --formatter json"
CONSUMERS = {name: own_queue(program) for name, program in PROGRAMS.items() if program.consumes}


@cache
def local() -> Targets:
    """The platform as it is declared."""
    return targets_in(load_environment("local"), synthesize("local"))


def backlog(queue: str, *, consumers: int = 0, waiting: int = 900) -> Finding:
    engine = Engine()
    engine.runs("rabbitmq")
    listed = [{"name": queue, "messages_ready": waiting, "consumers": consumers}]
    engine.answers["rabbitmq", f"{CALL} list_vhosts"] = (0, json.dumps([{"name": "main"}]))
    engine.answers["rabbitmq", f"{CALL} list_queues -p main "] = (0, json.dumps(listed))
    (found,) = queues.backlogs(Facts(targets=local(), engines=[Swarm(engine)]))  # type: ignore[arg-type]
    assert isinstance(found, Finding)
    return found


@pytest.mark.parametrize("program", sorted(CONSUMERS))
def test_each_queue_names_its_consumer(program: str) -> None:
    found = backlog(f"main-{CONSUMERS[program]}")
    assert found.next == f"python -m ops logs {program} --env local --since 1h"
    assert found.cause == f"900 messages wait in it: {program} should take them, and nobody does"
    assert found.follows[0] == f"service {program}"


def test_a_consumer_that_is_there_is_too_slow() -> None:
    found = backlog("main-core", consumers=2)
    assert found.cause == "900 messages wait in it: core is too slow"
    assert found.evidence == ("2 consumers",)


def test_a_queue_of_events_belongs_to_who_listens() -> None:
    found = backlog("main-events-scrim.created-main-discord-bot")
    assert found.next == "python -m ops logs discord-bot --env local --since 1h"


def test_a_queue_that_nobody_takes_from_says_so() -> None:
    found = backlog("main-forgotten")
    assert found.cause == "900 messages wait in it: no service that is declared takes from it"
    assert found.next == "python -m ops logs rabbitmq --env local --since 1h"
    assert found.follows == ()


@pytest.mark.parametrize(
    ("why", "engine"),
    [
        ("the engine of its node does not answer", Engine(elsewhere=["rabbitmq"])),
        ("its task was replaced meanwhile", Engine(replaced=["rabbitmq"])),
    ],
)
def test_a_broker_that_cannot_be_asked_says_why(why: str, engine: Engine) -> None:
    engine.runs("rabbitmq")
    (found,) = queues.backlogs(Facts(targets=local(), engines=[Swarm(engine)]))  # type: ignore[arg-type]
    assert str(found) == f"1 of 1: rabbitmq: {why}"
