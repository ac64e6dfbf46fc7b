"""The Alloy stand-in: its configuration, redaction, and the way from a Docker API to Loki."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.standin_code import load, serving

syntax = load("alloy", "alloy_standin.syntax")
plan = load("alloy", "alloy_standin.plan")
stages = load("alloy", "alloy_standin.stages")
tail = load("alloy", "alloy_standin.tail")
main = load("alloy", "alloy_standin.main")
Delivery = load("alloy", "alloy_standin.delivery").Delivery
Refusal = load("stand-in", "standin.log").Refusal
http = load("stand-in", "standin.http_server")

CONFIG = r"""
// containers of this engine
discovery.docker "all" {
  host             = "tcp://DOCKER"
  refresh_interval = "5s"
}
discovery.relabel "names" {
  targets = discovery.docker.all.targets
  rule {
    source_labels = ["__meta_docker_container_label_com_docker_swarm_service_name"]
    target_label  = "service"
  }
  rule {
    source_labels = ["service"]
    regex         = ".+"
    action        = "keep"
  }
  /* labels are few */
  rule {
    source_labels = ["__meta_docker_container_label_com_docker_swarm_node_id"]
    target_label  = "node"
  }
}
loki.source.docker "all" {
  host       = "tcp://DOCKER"
  targets    = discovery.relabel.names.output
  forward_to = [loki.process.redact.receiver]
}
loki.process "redact" {
  forward_to = [loki.write.loki.receiver]
  stage.replace {
    expression = `://([^/@\s:]+:[^/@\s]+)@`
    replace    = "***"
  }
}
loki.write "loki" {
  endpoint {
    url = "http://LOKI/loki/api/v1/push"
  }
}
"""


def built(text: str = CONFIG) -> Any:
    return plan.build(syntax.parse(text, "config.alloy"), "config.alloy")


def test_the_documented_configuration_is_understood() -> None:
    made = built()

    assert (made.docker, made.refresh) == ("tcp://DOCKER", 5)
    assert made.push_url == "http://LOKI/loki/api/v1/push"
    assert (len(made.target_rules), len(made.steps)) == (3, 1)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "loki.process.redact.receiver",
            "loki.process.gone.receiver",
            "component 'loki.process.gone' does not exist",
        ),
        ("stage.replace", "stage.regex", "this stand-in knows stage.replace"),
        ("://([^/@\\s:]+:[^/@\\s]+)@", "://[^@]+@", "has no (group)"),
        ("://([^/@\\s:]+:[^/@\\s]+)@", "://(", "expression '://('"),
        ('discovery.docker "all"', 'discovery.kubernetes "all"', "discovery.kubernetes: this stand-in knows"),
        ('url = "http', 'uri = "http', "url: text is needed"),
        ('action        = "keep"', 'action        = "hashmod"', "action 'hashmod'"),
        ("[loki.write.loki.receiver]", "[loki.process.redact.receiver]", "runs in a circle"),
        ('"5s"', '"soon"', "refresh_interval 'soon'"),
        ("endpoint {", "endpoint ", "config.alloy:37: end of line, expected '=' or '{'"),
    ],
)
def test_a_wrong_configuration_stops_the_start(old: str, new: str, words: str) -> None:
    assert old in CONFIG

    with pytest.raises(Refusal) as caught:
        built(CONFIG.replace(old, new))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("RabbitMQ @ amqp://user:pass@rabbitmq:5672", "RabbitMQ @ amqp://***@rabbitmq:5672"),
        ("two a://b:c@d and e://f:g@h", "two a://***@d and e://***@h"),
        ("http://host/path?x=a:b@c", "http://host/path?x=a:b@c"),
        ("nothing here", "nothing here"),
    ],
)
def test_redaction(line: str, expected: str) -> None:
    steps = list(built().steps[0].stages)

    assert stages.run(steps, ({}, line)) == ({}, expected)


def test_only_the_captured_groups_are_replaced() -> None:
    block = syntax.parse(
        'p "x" {\n stage.replace {\n expression = "a(b)c(d)"\n replace = "[{{ .Value }}]"\n }\n}', "f"
    )[0]

    assert stages.run(stages.stages(block, "f"), ({}, "abcd abcd")) == ({}, "a[b]c[d] a[b]c[d]")


def test_groups_may_touch_each_other_and_the_ends_of_the_line() -> None:
    block = syntax.parse('p "x" {\n stage.replace {\n expression = "(a)(b)"\n replace = "-"\n }\n}', "f")[0]

    assert stages.run(stages.stages(block, "f"), ({}, "abab")) == ({}, "----")


def test_static_labels_and_drop() -> None:
    text = 'p "x" {\n stage.drop {\n expression = "healthz"\n }\n stage.static_labels {\n values = {env = "local",}\n }\n}'
    steps = stages.stages(syntax.parse(text, "f")[0], "f")

    assert stages.run(steps, ({"a": "b"}, "x")) == ({"a": "b", "env": "local"}, "x")
    assert stages.run(steps, ({}, "GET /healthz")) is None


def test_arguments_of_the_real_image() -> None:
    flags = ["--storage.path=/d", "--server.http.listen-addr=0.0.0.0:12345", "--disable-reporting"]
    chosen = main.options(["run", "/etc/alloy/config.alloy", *flags])

    assert (chosen.port, chosen.host, chosen.storage) == (12345, "0.0.0.0", Path("/d"))
    with pytest.raises(Refusal, match="flag --debug"):
        main.options(["run", "x", "--debug"])
    with pytest.raises(Refusal, match="`run <file>` is expected"):
        main.options(["/etc/alloy/config.alloy"])


def frame(stream: int, text: str) -> bytes:
    data = text.encode()
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


class FakeDocker:
    """One swarm container whose log came in frames, one line cut in two, and one that no service owns."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, request: Any) -> Any:
        self.asked.append(request.target)
        if request.path == "/containers/json":
            labels = {"com.docker.swarm.service.name": "core", "com.docker.swarm.node.id": "n1"}
            return http.Response.json(
                200, [{"Id": "aa", "Names": ["/core.1"], "Labels": labels}, {"Id": "bb"}]
            )
        if request.path == "/containers/aa/json":
            return http.Response.json(200, {"Config": {"Tty": False}})
        if request.path == "/containers/aa/logs":
            log = frame(1, "2026-11-23T10:00:00.000000001Z amqp://u:secret") + frame(
                2, "2026-11-23T10:00:00.5Z err\n"
            )
            return http.Response(200, log + frame(1, "@rabbitmq\n"))
        return http.Response.text(403, "forbidden\n")


class FakeLoki:
    """Keeps what is pushed; refuses while `status` is not 204."""

    def __init__(self) -> None:
        self.status = 204
        self.lines: list[tuple[dict[str, str], str, str]] = []

    def __call__(self, request: Any) -> Any:
        if self.status == 204:
            for stream in json.loads(request.body)["streams"]:
                self.lines += [(stream["stream"], *value) for value in stream["values"]]
        return http.Response(self.status)


@pytest.fixture
def docker() -> FakeDocker:
    return FakeDocker()


@pytest.fixture
def loki() -> FakeLoki:
    return FakeLoki()


@pytest.fixture
def parts(docker: FakeDocker, loki: FakeLoki, tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    with serving(docker) as docker_address, serving(loki) as loki_address:
        made = built(CONFIG.replace("DOCKER", docker_address).replace("LOKI", loki_address))
        delivery = Delivery(made.steps, made.push_url)
        yield delivery, tail.Tailer(made, tail.Positions(tmp_path), delivery.add)


def wait_for(delivery: Any, loki: FakeLoki, count: int) -> None:
    deadline = time.monotonic() + 5
    while len(loki.lines) < count and time.monotonic() < deadline:
        delivery.send()
        time.sleep(0.02)


def test_lines_go_from_docker_to_loki_redacted_and_with_two_labels(
    parts: tuple[Any, Any], docker: FakeDocker, loki: FakeLoki
) -> None:
    delivery, tailer = parts
    tailer.refresh()
    wait_for(delivery, loki, 2)

    labels = {"service": "core", "node": "n1"}
    assert sorted(loki.lines, key=lambda line: line[1]) == [
        (labels, "1795428000000000001", "amqp://***@rabbitmq"),
        (labels, "1795428000500000000", "err"),
    ]
    assert not any("/containers/bb/" in target for target in docker.asked)


def test_lines_wait_while_loki_is_away(parts: tuple[Any, Any], loki: FakeLoki) -> None:
    delivery, tailer = parts
    loki.status = 503
    tailer.refresh()
    time.sleep(0.2)
    assert delivery.send() is False
    loki.status = 204
    wait_for(delivery, loki, 2)

    assert (len(loki.lines), delivery.dropped) == (2, 0)


def test_a_refused_list_of_containers_is_a_problem_that_is_told(tmp_path: Path) -> None:
    with serving(lambda request: http.Response.text(403, "no")) as address:
        made = built(CONFIG.replace("DOCKER", address))
        tailer = tail.Tailer(made, tail.Positions(tmp_path), lambda *_: None)
        tailer.refresh()

    assert "/containers/json: 403" in tailer.problem


def test_positions_survive_and_forget_containers_that_are_gone(tmp_path: Path) -> None:
    positions = tail.Positions(tmp_path)
    positions.put("aa", 5)
    positions.put("bb", 6)
    positions.save({"aa"})

    again = tail.Positions(tmp_path)
    assert (again.get("aa"), again.get("bb")) == (5, 0)
