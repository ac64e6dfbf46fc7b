"""The Telegraf stand-in's ways in for others' points, and what happens to points before they are written."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.standin_code import ask, load, serving

config = load("telegraf", "telegraf_standin.config")
common = load("telegraf", "telegraf_standin.common_options")
metric = load("telegraf", "telegraf_standin.metric")
outputs = load("telegraf", "telegraf_standin.outputs")
listener = load("telegraf", "telegraf_standin.listener")
docker_input = load("telegraf", "telegraf_standin.docker_input")
services = load("telegraf", "telegraf_standin.service_inputs")
certificate = load("telegraf", "telegraf_standin.certificate")
Refusal = load("stand-in", "standin.log").Refusal
http = load("stand-in", "standin.http_server")

AGENT = """
[agent]
  hostname = "node-1"
[[outputs.influxdb]]
  urls = ["http://influxdb:8086"]
[[inputs.mem]]
[[processors.rename]]
  [[processors.rename.replace]]
    tag = "service_name"
    dest = "service"
"""


def agent() -> Any:
    return config.build({"telegraf.conf": AGENT}, {})


def plugin(name: str, **options: Any) -> Any:
    return config.Plugin(name, options)


def finished(gathered: Any, **options: Any) -> Any:
    common.finish([gathered], plugin("x", **options), agent())
    return gathered


def test_files_of_the_folder_go_on_where_the_first_ends() -> None:
    texts = {"telegraf.conf": AGENT, "redis.conf": '[[inputs.redis]]\n  servers = ["tcp://redis:6379"]\n'}

    assert [p.name for p in config.build(texts, {}).inputs] == ["mem", "redis"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[inputs.cpu]]\n  interval = "soon"', "inputs.cpu: interval: 'soon'"),
        ("[[processors.regex]]", "undefined but requested processor: regex"),
        ('[[processors.rename]]\n[[processors.rename.replace]]\nfield = "a"', "renames tags only"),
    ],
)
def test_what_is_not_known_in_a_further_file_stops_the_start(text: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        config.build({"telegraf.conf": AGENT, "more.conf": text}, {})


def test_an_input_gathers_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once by the agent's interval, once by its own."""
    main = load("telegraf", "telegraf_standin.main")
    asked: list[str] = []
    pauses: list[float] = []

    class Stop(BaseException):
        """Ends the endless loop."""

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise Stop

    monkeypatch.setattr(main.time, "sleep", sleep)

    def gather(made: Any) -> list[Any]:
        asked.append(made.name)
        return []

    monkeypatch.setitem(main.GATHER, "mem", gather)
    for options, interval in (({}, 10), ({"interval": "3s"}, 3)):
        pauses.clear()
        with pytest.raises(Stop):
            main._gather(plugin("mem", **options), agent(), [])
        assert all(interval - 1 < pause <= interval for pause in pauses)

    assert asked == ["mem"] * 4


def test_names_and_tags() -> None:
    gathered = finished(
        metric.Metric("prometheus", {"v": 1}, {"service_name": "core", "url": "u"}),
        name_override="rabbitmq",
        tags={"bucket": "b"},
        tagexclude=["host", "u*"],
    )

    assert gathered.name == "rabbitmq"
    assert gathered.tags == {"service": "core", "bucket": "b"}


def test_a_tag_of_the_writer_wins_unless_the_local_tags_are_put_back() -> None:
    """As in the real program; a listener without the last option lets its writer choose the bucket."""
    forged = {"bucket": "others"}
    own: dict[str, Any] = {"tags": {"bucket": "own"}, "tagexclude": ["host"]}

    assert finished(metric.Metric("m", {"v": 1}, dict(forged)), **own).tags == forged
    own["tagexclude"] = ["host", "bucket"]
    assert finished(metric.Metric("m", {"v": 1}, dict(forged)), **own).tags == {}
    put_back = finished(metric.Metric("m", {"v": 1}, dict(forged)), **own, always_include_local_tags=True)
    assert put_back.tags == {"bucket": "own"}


def test_times_are_cut_to_the_precision() -> None:
    assert common.rounded(1_234_567_890_123, 10) == 1_230_000_000_000
    assert common.rounded(1_234_567_890_123, 0) == 1_234_567_890_123


class TestListener:
    @pytest.fixture
    def taken(self) -> list[Any]:
        return []

    @pytest.fixture
    def address(self, taken: list[Any]) -> str:
        made = plugin("influxdb_v2_listener", service_address="127.0.0.1:0", token="right")
        return f"127.0.0.1:{listener.Listener(made, taken.extend).port}"

    def write(
        self, address: str, token: str, body: str = "m,a=b v=1,w=2i 5", query: str = "precision=s"
    ) -> int:
        path = f"/api/v2/write?org=o&bucket=b&{query}"
        return ask(address, path, method="POST", headers={"Authorization": token}, body=body).status

    def test_points_with_the_token_are_taken(self, address: str, taken: list[Any]) -> None:
        assert self.write(address, "Token right") == 204
        assert [(m.name, m.fields, m.tags, m.time) for m in taken] == [
            ("m", {"v": 1.0, "w": 2}, {"a": "b"}, 5_000_000_000)
        ]

    @pytest.mark.parametrize("token", ["", "Token wrong", "Token ", "Bearer right", "right"])
    def test_others_are_not(self, address: str, taken: list[Any], token: str) -> None:
        assert self.write(address, token) == 401
        assert taken == []

    def test_broken_lines_and_other_paths_are_refused(self, address: str, taken: list[Any]) -> None:
        assert self.write(address, "Token right", body="m") == 400
        assert ask(address, "/api/v2/query", headers={"Authorization": "Token right"}).status == 404
        assert taken == []


def test_a_tag_can_name_the_database() -> None:
    targets: list[tuple[str, bytes]] = []

    def answer(request: Any) -> Any:
        targets.append((request.query["db"], request.body))
        return http.Response(204)

    with serving(answer) as address:
        made = {"database": "platform", "database_tag": "bucket", "exclude_database_tag": True}
        output = outputs.InfluxOutput(plugin("influxdb", urls=[f"http://{address}"], **made), 100)
        output.add([metric.Metric("a", {"v": 1}, time=1), metric.Metric("b", {"v": 1}, {"bucket": "app"}, 1)])
        output.flush()

    assert targets == [("platform", b"a v=1i 1"), ("app", b"b v=1i 1")]


def test_tasks_of_services() -> None:
    state = {"running": {"State": "running"}, "failed": {"State": "failed"}}
    answers = {
        "/info": {"Name": "node-1"},
        "/services": [{"ID": "s1", "Spec": {"Name": "core", "Mode": {"Replicated": {"Replicas": 2}}}}],
        "/tasks": [{"ServiceID": "s1", "Status": state[name]} for name in ("running", "failed")],
    }
    with serving(lambda request: http.Response.json(200, answers[request.path])) as address:
        made = plugin(
            "docker", endpoint=f"tcp://{address}", gather_services=True, container_name_exclude=["*"]
        )
        gathered = {m.name: m for m in docker_input.docker(made)}

    assert gathered["docker_swarm"].fields == {"tasks_running": 1, "tasks_desired": 2}
    assert gathered["docker_swarm"].tags["service_name"] == "core"


def test_prometheus_in_its_second_version() -> None:
    with serving(lambda request: http.Response.text(200, 'up{a="b"} 1\n')) as address:
        made = plugin("prometheus", urls=[f"http://{address}/metrics"], metric_version=2)
        gathered = services.prometheus(made)

    assert [(m.name, m.fields, m.tags["a"]) for m in gathered] == [("prometheus", {"up": 1.0}, "b")]


def test_validity_of_a_certificate() -> None:
    pem = (Path(__file__).parent / "standin_certificate.pem").read_text()
    start, end = certificate.validity(ssl.PEM_cert_to_DER_cert(pem))

    shown = [datetime.fromtimestamp(when, UTC).isoformat() for when in (start, end)]
    assert shown == ["2026-11-23T22:31:33+00:00", "2027-11-23T22:31:33+00:00"]


def test_no_certificate_is_an_error_that_names_the_place() -> None:
    with pytest.raises(
        metric.GatherError, match=r"cannot get SSL cert 'tcp://127\.0\.0\.1:1' of example\.org"
    ):
        certificate.x509_cert(plugin("x509_cert", sources=["tcp://127.0.0.1:1"], server_name="example.org"))
