"""The table of resources: what is asked of InfluxDB and of engines, what is marked, and that no list of processes shows a password."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.doctor import metrics, resources
from ops.doctor.resources import ResourceTable, Row, Use, cores_in, memory_in, resources_of, uses_in
from ops.errors import OpsError
from ops.swarm.containers import SERVICE, Finished
from ops.swarm.engine import Swarm
from tests.unit.ops_boundaries import targets_of
from tests.unit.ops_doctor import Engine

MIB = 1024**2
PROD = load_environment("prod")

MEMORY = """{"statement_id":0,"series":[
{"name":"docker_container_mem","tags":{"service":"redis"},"columns":["time","now","steady","peak"],"values":[["2026-11-28T09:00:00Z",9000000,8000000,60000000]]},
{"name":"docker_container_mem","tags":{"service":""},"columns":["time","now","steady","peak"],"values":[["2026-11-28T09:00:00Z",1,1,1]]},
{"name":"docker_container_mem","tags":{"service":"web"},"columns":["time","now","steady","peak"],"values":[["2026-11-28T09:00:00Z",5000000,5000000,6000000]]}]}"""
CORES = """{"statement_id":1,"series":[
{"name":"docker_container_cpu","tags":{"service":"web"},"columns":["time","now","steady","peak"],"values":[["2026-11-28T09:00:00Z",0.02,0.01,0.4]]}]}"""
ANSWER = f'{{"results":[{MEMORY},{CORES}]}}'
"""In the form of InfluxDB 2.9.1 (GET /query, docs.influxdata.com/influxdb/v2/api-guide/influxdb-1x/query)."""


class FakeTasks:
    """Answers as a task of the keeper, or has none."""

    def __init__(self, answer: Finished | None) -> None:
        self.answer = answer
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def container(self, service: str) -> str | None:
        return "keeper" if self.answer and service == "influxdb-keeper" else None

    def run_with_input(self, container: str, text: str, *words: str) -> Finished:
        assert self.answer
        self.asked.append((text, words))
        return self.answer


def ask(answer: Finished | None, *questions: str) -> Any:
    tasks: Any = FakeTasks(answer)
    return metrics.ask(tasks, *questions)


# -- InfluxDB ------------------------------------------------------------------------------------------------


def test_an_answer_becomes_uses() -> None:
    memory, cores = ask(Finished(code=0, output=ANSWER), "a", "b")
    assert uses_in(memory) == {
        "redis": Use(now=9_000_000, steady=8_000_000, peak=60_000_000),
        "web": Use(now=5_000_000, steady=5_000_000, peak=6_000_000),
    }
    assert uses_in(cores) == {"web": Use(now=0.02, steady=0.01, peak=0.4)}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (None, "no task of influxdb-keeper runs on a node that can be reached"),
        (Finished(code=22, output="curl: (22) 401\n"), "InfluxDB does not answer: curl: (22) 401"),
        (Finished(code=7, output=""), "InfluxDB does not answer: exit code 7"),
        (Finished(code=0, output="ok"), "InfluxDB's answer is none: a stand-in may run in its place"),
        (Finished(code=0, output='{"results":[{"error":"bad"}]}'), "InfluxDB refuses the question: bad"),
    ],
)
def test_no_answer_is_said(answer: Finished | None, problem: str) -> None:
    with pytest.raises(OpsError) as caught:
        ask(answer, "SELECT 1")
    assert caught.value.problem == problem


def test_curl_gets_the_password_by_its_input_alone(tmp_path: Path) -> None:
    """With a curl that writes down its arguments, variables and input."""
    curl = tmp_path / "curl"
    curl.write_text(
        f'#!/bin/sh\necho "$@" >{tmp_path}/words\nenv >{tmp_path}/env\ncat >{tmp_path}/input\necho "{{}}"\n'
    )
    curl.chmod(0o755)
    (tmp_path / "user").write_text('{"password": "s3cret-of-grafana"}')
    tasks = FakeTasks(Finished(code=0, output='{"results":[]}'))
    given: Any = tasks
    metrics.ask(given, 'SELECT "a"\n FROM "b"', "SELECT 2")
    ((text, (shell, option, script)),) = tasks.asked
    script = script.replace("/run/secrets/influxdb-user-grafana", str(tmp_path / "user"))
    subprocess.run(
        [shell, option, script], input=text, text=True, check=True, timeout=20, capture_output=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert (tmp_path / "input").read_text() == (
        'user = "grafana:s3cret-of-grafana"\n'
        'url = "http://influxdb:8086/query?db=telegraf"\n'
        'data-urlencode = "q=SELECT \\"a\\" FROM \\"b\\"; SELECT 2"\n'
    )
    assert "s3cret" not in (tmp_path / "words").read_text() + (tmp_path / "env").read_text() + text + script


# -- engines -------------------------------------------------------------------------------------------------

STATS = {
    "memory_stats": {"usage": 30 * MIB, "stats": {"inactive_file": 10 * MIB}},
    "cpu_stats": {"cpu_usage": {"total_usage": 3_000}, "system_cpu_usage": 20_000, "online_cpus": 2},
    "precpu_stats": {"cpu_usage": {"total_usage": 1_000}, "system_cpu_usage": 10_000},
}
"""The fields of Engine 20.10 that are read (docs.docker.com/reference/api/engine, ContainerStats)."""


def test_what_the_kernel_can_drop_does_not_count() -> None:
    assert memory_in(STATS) == 20 * MIB
    assert (
        memory_in({"memory_stats": {"usage": 30, "stats": {"total_inactive_file": 10, "inactive_file": 1}}})
        == 20
    )
    assert memory_in({"memory_stats": {"usage": 30, "stats": {"inactive_file": 40}}}) == 30
    assert memory_in({"memory_stats": {}}) is None, "of a container that has ended"


def test_cores_are_the_share_of_all() -> None:
    assert cores_in(STATS) == pytest.approx(0.4)
    assert cores_in({**STATS, "precpu_stats": {}}) is None
    assert cores_in({}) is None


# -- the table -----------------------------------------------------------------------------------------------


def row(limit: int, peak: float | None) -> Row:
    return Row(
        layer="data", service="redis", memory_limit=limit, memory_reservation=0, memory=Use(now=1, peak=peak),
        cores_limit=0.5, cores_reservation=0, cores=Use(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "peak", "mark"),
    [
        (124, 100, "low"),
        (125, 100, ""),
        (400, 100, ""),
        (401, 100, "high"),
        (100, None, ""),
        (0, 100, ""),
        (9, 0, ""),
    ],
)
def test_a_limit_far_from_the_peak_is_marked(limit: int, peak: float | None, mark: str) -> None:
    assert row(limit, peak).mark == mark


class WithStats(Engine):
    def containers(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        found = super().containers(filters)
        return [{**each, "Labels": {SERVICE: each["Id"].partition("-")[0]}} for each in found]

    def stats(self, container: str, *, stream: bool) -> Mapping[str, Any]:
        assert not stream
        return STATS


def table_of(patch: pytest.MonkeyPatch, answer: str | None) -> ResourceTable:
    @contextmanager
    def engines(target: Any) -> Iterator[list[Swarm]]:
        yield [Swarm(WithStats())]  # type: ignore[arg-type]

    patch.setattr(resources, "engines", engines)
    found = Finished(code=0, output=answer) if answer is not None else None
    patch.setattr("ops.doctor.facts.Tasks", lambda *engines: FakeTasks(found))
    return resources_of(targets_of(PROD), window_s=86_400, say=lambda text: None)


def test_from_influxdb(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(monkeypatch, ANSWER)
    assert (table.source, table.problem) == ("Telegraf", "")
    data = table.as_data()
    assert json.loads(json.dumps(data)) == data
    by_name = {each["service"]: each for each in data["services"]}
    assert by_name["redis"]["memory"] == {"now": 9_000_000, "steady": 8_000_000, "peak": 60_000_000}
    assert {name: each["mark"] for name, each in by_name.items()} == {
        name: each.mark for name, each in ((r.service, r) for r in table.rows)
    }
    assert "of each task, measured by Telegraf" in table.lines()


@pytest.mark.parametrize("answer", [None, '{"results":[{},{}]}'], ids=["no answer", "nothing measured"])
def test_from_the_engines_where_influxdb_has_nothing(
    monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    table = table_of(monkeypatch, answer)
    assert table.source == "the engines"
    assert {each.service: each.memory for each in table.rows} == {
        "redis": Use(now=20 * MIB),
        "web": Use(now=20 * MIB),
    }
    assert not any(each.mark for each in table.rows), "a moment is no peak"
    assert f"steady and peak are not known: {table.problem}" in table.lines()


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ((), "memory is not measured: of no service; see whether docker stats shows it"),
        (("redis",), "memory is not measured: web"),
        (("redis", "web"), ""),
    ],
)
def test_what_is_not_measured_is_said(
    measured: Sequence[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stats(self: WithStats, container: str, *, stream: bool) -> Mapping[str, Any]:
        return STATS if container.partition("-")[0] in measured else {"memory_stats": {}}

    monkeypatch.setattr(WithStats, "stats", stats)
    lines = list(table_of(monkeypatch, None).lines())
    assert [each for each in lines if each.startswith("memory is not measured")] == ([said] if said else [])
