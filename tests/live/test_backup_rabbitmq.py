"""RabbitMQ: what is declared, to the bucket and back, and into the broker again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from images.builder.trial import Running, Trial
from tests.live.backups import Bench, secret
from tests.stacks.synthesis import declared

pytestmark = pytest.mark.live(needs=["engine"])


def api(broker: Running, method: str, path: str, body: object = None) -> Any:
    words = ["curl", "-sSf", "-K", "-", "-X", method, "-H", "content-type: application/json"]
    words += ["-d", json.dumps(body)] if body is not None else []
    said = broker.expect(
        *words,
        f"http://127.0.0.1:15672/api/{path}",
        stdin=f'user = "sprocket:{secret("rabbitmq-password")}"\n',
    )
    return json.loads(said) if said else None


def names(broker: Running, what: str) -> set[str]:
    return {one["name"] for one in api(broker, "GET", what)}


@pytest.fixture
def bench(trial: Trial) -> Bench:
    return Bench(trial, "rabbitmq")


@pytest.fixture
def broker(bench: Bench) -> Running:
    broker = bench.services.start("rabbitmq")
    broker.wait("rabbitmq-diagnostics", "-q", "check_running", seconds=120)
    api(broker, "PUT", "queues/%2f/marker", {"durable": True, "arguments": {"x-max-priority": 5}})
    api(broker, "PUT", "queues/%2f/passing", {"durable": False})
    api(broker, "PUT", "exchanges/%2f/news", {"type": "topic", "durable": True})
    for queue in ("marker", "passing"):
        api(broker, "POST", f"bindings/%2f/e/news/q/{queue}", {"routing_key": "a.#"})
    api(broker, "PUT", "policies/%2f/short", {"pattern": "^m", "definition": {"max-length": 10}})
    api(broker, "PUT", "users/guest-of-house", {"password": "trial-4f1c-guest", "tags": "monitoring"})
    api(broker, "PUT", "permissions/%2f/guest-of-house", {"configure": "", "write": "", "read": ".*"})
    return broker


def test_what_was_dropped_comes_back(bench: Bench, broker: Running) -> None:
    bench.start_job()
    manifest = bench.copy_and_fetch()
    counts = {words[0]: int(words[1]) for words in (line.split() for line in manifest.splitlines())}
    assert counts | {"queues": 1, "exchanges": 1, "bindings": 1, "policies": 1, "users": 1} == counts
    kept = bench.job.expect("cat", "/spool/fetched/definitions.json")
    users = {one["name"] for one in json.loads(kept)["users"]}
    assert users == {"guest-of-house"}, "the others are in a file, which may have other passwords by then"
    for what in ("queues/%2f/marker", "exchanges/%2f/news", "policies/%2f/short", "users/guest-of-house"):
        api(broker, "DELETE", what)
    api(broker, "PUT", "queues/%2f/newer", {"durable": True})

    assert bench.expect("verify") == manifest
    assert "marker" not in names(broker, "queues"), "a trial changes nothing"
    bench.expect("load")
    assert names(broker, "queues") == {"marker", "newer", "passing"}
    marker = api(broker, "GET", "queues/%2f/marker")
    assert marker["arguments"] == {"x-max-priority": 5}
    assert names(broker, "policies") == {"short"}
    assert len(api(broker, "GET", "exchanges/%2f/news/bindings/source")) == 1
    made = {"sprocket", *declared("local").data.rabbitmq.accounts}
    assert made | {"guest-of-house"} == names(broker, "users")
    bench.expect("load")
    print(bench.in_words())


def test_a_queue_of_another_form_is_named(bench: Bench, broker: Running) -> None:
    bench.start_job()
    bench.copy_and_fetch()
    api(broker, "DELETE", "queues/%2f/marker")
    api(broker, "PUT", "queues/%2f/marker", {"durable": True})
    done = bench.ask("load")
    assert done.code != 0
    assert (
        "error: rabbitmq has not in its queues what the copy has" in done.output and "marker" in done.output
    )


def test_a_broker_that_is_away_leaves_the_last_copy(bench: Bench, broker: Running) -> None:
    bench.start_job()
    manifest = bench.copy_and_fetch()
    broker.stop()
    done = bench.ask("copy")
    assert done.code != 0 and "Could not connect" in done.output, done.output
    assert "Traceback" not in done.output
    assert bench.job.expect("cat", "/spool/last/manifest") == manifest
