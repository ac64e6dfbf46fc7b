"""Dashboards and alerts ask for what the collectors write, by the record of a real Telegraf."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from layers.images import LOCK
from tests.influxql import RECORDED, Query, queries, recorded


@pytest.mark.parametrize("query", list(queries()), ids=lambda query: query.place)
def test_a_query_asks_for_what_is_written(query: Query) -> None:
    assert query.unanswered(recorded()) == []


@pytest.mark.parametrize(
    ("name", "other", "said"),
    [
        ('"clients"', '"connected_clients"', "redis has no field connected_clients"),
        ('"clients"', "connected_clients", "redis has no name in quotes for connected_clients"),
        ('"redis"', '"redis_server"', "no collector writes the measurement redis_server"),
        ('"xact_commit"', '"commits"', "postgresql has no field commits"),
        ('"db"', '"database"', "postgresql has no tag database"),
        ('"code"', '"status"', "traefik has no tag status"),
        ("\"cpu\" = 'cpu-total'", "\"core\" = 'cpu-total'", "docker_container_cpu has no field core"),
    ],
)
def test_a_query_for_anything_else_is_found(name: str, other: str, said: str) -> None:
    changed = [Query(query.place, query.text.replace(name, other)) for query in queries()]
    assert [each for query in changed for each in query.unanswered(recorded()) if said in each]


def test_the_record_is_of_the_pinned_version() -> None:
    tag = YAML(typ="safe").load(LOCK.read_text())["images"]["telegraf"]["tag"]
    version = tag.removesuffix("-alpine")
    assert RECORDED.name == f"telegraf-{version}.points.yaml", (
        f"the lock has Telegraf {tag}: run the platform with the real one and record it again: "
        "RECORD=1 SPROCKET_PROGRAMS=... pytest tests/live/test_metrics.py"
    )
