"""The Loki stand-in: configuration, pushes, queries, retention."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.unit.standin_code import Reply, ask, load, serving

config = load("loki", "loki_standin.config")
logql = load("loki", "loki_standin.logql")
Store = load("loki", "loki_standin.store").Store
Server = load("loki", "loki_standin.server").LokiServer
Refusal = load("stand-in", "standin.log").Refusal

GOOD: dict[str, Any] = {
    "auth_enabled": False,
    "common": {"path_prefix": "/loki"},
    "schema_config": {"configs": [{"from": "2024-01-01"}]},
    "compactor": {"retention_enabled": True, "delete_request_store": "filesystem"},
    "limits_config": {"retention_period": "336h", "max_query_lookback": "336h"},
}


def changed(section: str, **values: Any) -> dict[str, Any]:
    made = copy.deepcopy(GOOD)
    made[section] = {**made.get(section, {}), **values} if values else None
    return made


@pytest.fixture
def loki(tmp_path: Path) -> Iterator[str]:
    with serving(Server(config.build(GOOD, "test"), Store(tmp_path / "db"))) as address:
        yield address


def push(loki: str, line: str, *, age: float = 0, **labels: str) -> Reply:
    when = str(time.time_ns() - int(age * 1e9))
    body = json.dumps({"streams": [{"stream": labels or {"service": "core"}, "values": [[when, line]]}]})
    return ask(
        loki, "/loki/api/v1/push", method="POST", headers={"Content-Type": "application/json"}, body=body
    )


def found(loki: str, query: str, **options: str) -> list[str]:
    reply = ask(loki, f"/loki/api/v1/query_range?{urlencode({'query': query, **options})}")
    assert reply.status == 200, reply.body
    return [line for stream in json.loads(reply.body)["data"]["result"] for _, line in stream["values"]]


def test_lines_are_found_by_labels_and_text(loki: str) -> None:
    for line, service in (("one error", "core"), ("two", "core"), ("one error", "web")):
        assert push(loki, line, service=service, node="n").status == 204

    assert found(loki, '{service="core"}') == ["two", "one error"]
    assert found(loki, '{service="core"} |= "error"') == ["one error"]
    assert found(loki, '{service=~"core|web", node="n"} != "two"') == ["one error", "one error"]
    assert found(loki, '{service="core"} |~ "^t.o$"') == ["two"]
    assert found(loki, '{service!="core",node="n"}') == ["one error"]
    assert found(loki, '{service="core"}', limit="1") == ["two"]
    assert found(loki, '{service="core"}', direction="forward") == ["one error", "two"]


def test_labels(loki: str) -> None:
    push(loki, "x", service="core", node="a")

    assert json.loads(ask(loki, "/loki/api/v1/labels").body)["data"] == ["node", "service"]
    assert json.loads(ask(loki, "/loki/api/v1/label/service/values").body)["data"] == ["core"]


@pytest.mark.parametrize(
    "query", ["", "core", '{service=""}', '{service="core"', '{service="core"} | json', '{a=~"("}']
)
def test_queries_that_are_not_known_are_refused(loki: str, query: str) -> None:
    push(loki, "x", service="core")

    assert ask(loki, f"/loki/api/v1/query_range?{urlencode({'query': query})}").status == 400


@pytest.mark.parametrize("age", [8 * 86400, -3600])
def test_lines_that_are_too_old_or_too_new_are_refused(loki: str, age: float) -> None:
    assert push(loki, "x", age=age).status == 400
    assert found(loki, '{service="core"}', start="0") == []


def test_broken_pushes_are_refused(loki: str) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (
        "{",
        '{"streams": 1}',
        '{"streams": [{"stream": {}, "values": []}]}',
        '{"streams": [{"stream": {"a": "b"}}]}',
    ):
        assert ask(loki, "/loki/api/v1/push", method="POST", headers=headers, body=body).status == 400
    assert ask(loki, "/loki/api/v1/push", method="POST", body="x").status == 415


def test_retention_deletes_what_is_older_and_keeps_the_rest(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    now = time.time_ns()
    store.push({"service": "old"}, [(now - 20 * 10**9, "old")])
    store.push({"service": "new"}, [(now, "new")])

    assert store.forget(10) == 1
    assert store.labels() == [{"service": "new"}]


def test_lines_survive_a_restart(tmp_path: Path) -> None:
    for attempt in range(2):
        with serving(Server(config.build(GOOD, "test"), Store(tmp_path / "db"))) as address:
            if attempt == 0:
                push(address, "kept")
            assert found(address, '{service="core"}') == ["kept"]


def test_with_authentication_a_tenant_is_needed(tmp_path: Path) -> None:
    with serving(
        Server(config.build({**GOOD, "auth_enabled": True}, "test"), Store(tmp_path / "db"))
    ) as address:
        assert push(address, "x").status == 401
        assert ask(address, "/ready").status == 200


def test_the_documented_configuration() -> None:
    built = config.build(GOOD, "test")

    assert (built.port, built.folder, built.retention) == (3100, "/loki", 336 * 3600)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({**GOOD, "limits_confg": {}}, "field limits_confg not found"),
        (changed("compactor", delete_request_store=""), "compactor/delete_request_store"),
        (changed("schema_config"), "schema_config/configs"),
        (changed("limits_config", retention_period="2 weeks"), "is no duration"),
        (changed("limits_config", retention_period="1h"), "at least 24h"),
        ({**GOOD, "server": 3100}, "server: a mapping is expected"),
    ],
)
def test_wrong_configurations_stop_the_start(values: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal) as caught:
        config.build(values, "test")

    assert words in str(caught.value)


def test_without_the_pair_nothing_is_deleted() -> None:
    assert config.build(changed("compactor", retention_enabled=False), "test").retention == 0
