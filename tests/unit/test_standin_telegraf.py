"""The Telegraf stand-in: its configuration, inputs against small fakes, outputs."""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.standin_code import ask, load, serving

config = load("telegraf", "telegraf_standin.config")
services = load("telegraf", "telegraf_standin.service_inputs")
docker_input = load("telegraf", "telegraf_standin.docker_input")
listener = load("telegraf", "telegraf_standin.listener")
outputs = load("telegraf", "telegraf_standin.outputs")
metric = load("telegraf", "telegraf_standin.metric")
Refusal = load("stand-in", "standin.log").Refusal
http = load("stand-in", "standin.http_server")

CONFIG = """
[agent]
  interval = "30s"
  omit_hostname = true
[[secretstores.docker]]
  id = "s"
  path = "SECRETS"
[[outputs.influxdb_v2]]
  urls = ["http://influxdb:8086"]
  token = "@{s:influx_token}"
  organization = "${ORG}"
  bucket = "metrics"
[[inputs.redis]]
  servers = ["tcp://:@{s:redis_password}@redis:6379"]
"""


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "influx_token").write_text("token-value\n")
    (tmp_path / "redis_password").write_text("pw")
    return tmp_path


def built(text: str, secrets: Path) -> Any:
    return config.build({"telegraf.conf": text.replace("SECRETS", str(secrets))}, {"ORG": "sprocket"})


def plugin(name: str, **options: Any) -> Any:
    return config.Plugin(name, options)


def test_secrets_and_variables_are_put_in(secrets: Path) -> None:
    made = built(CONFIG, secrets)

    assert made.outputs[0].text("token") == "token-value"
    assert made.outputs[0].text("organization") == "sprocket"
    assert made.inputs[0].texts("servers") == ["tcp://:pw@redis:6379"]
    assert (made.interval, made.hostname) == (30, "")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("@{s:influx_token}", "@{s:other}", "mount it readable"),
        ("@{s:influx_token}", "@{x:influx_token}", "unknown secret-store"),
        ("inputs.redis", "inputs.reddis", "undefined but requested input: reddis"),
        ("outputs.influxdb_v2", "outputs.kafka", "undefined but requested output: kafka"),
        ("secretstores.docker", "secretstores.os", "secretstores.os"),
        ('"30s"', '"often"', "agent.interval: 'often'"),
        ("[agent]", "[agnet]", "[agnet]"),
        ("[agent]", "[agent", "error parsing data"),
    ],
)
def test_a_wrong_configuration_stops_the_start(secrets: Path, old: str, new: str, words: str) -> None:
    assert old in CONFIG

    with pytest.raises(Refusal) as caught:
        built(CONFIG.replace(old, new), secrets)
    assert words in str(caught.value)


@pytest.mark.parametrize("section", ["inputs", "outputs"])
def test_without_inputs_or_outputs_it_does_not_start(secrets: Path, section: str) -> None:
    text = CONFIG[: CONFIG.index("[[inputs")] if section == "inputs" else CONFIG[CONFIG.index("[[inputs") :]

    with pytest.raises(Refusal, match=f"no {section} found"):
        built(text.replace("@{s:redis_password}", ""), secrets)


class FakeRedis(socketserver.StreamRequestHandler):
    """Knows AUTH and INFO; the password is `right`."""

    def handle(self) -> None:
        known = False
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2].decode())
            if words[0] == "AUTH":
                known = words[-1] == "right"
                self.wfile.write(b"+OK\r\n" if known else b"-WRONGPASS invalid username-password pair\r\n")
            elif known:
                info = b"# Clients\r\nconnected_clients:3\r\nratio:0.5\r\nversion:7.0.1\r\n"
                self.wfile.write(b"$%d\r\n%s\r\n" % (len(info), info))
            else:
                self.wfile.write(b"-NOAUTH Authentication required.\r\n")


@pytest.fixture
def redis() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), FakeRedis) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_redis_is_asked_with_its_password(redis: str) -> None:
    gathered = services.redis(plugin("redis", servers=[f"tcp://:right@{redis}"]))

    assert gathered[0].fields == {"connected_clients": 3, "ratio": 0.5}


@pytest.mark.parametrize(("password", "words"), [("wrong", "WRONGPASS"), ("", "NOAUTH")])
def test_a_wrong_redis_password_is_an_error_without_the_password(
    redis: str, password: str, words: str
) -> None:
    with pytest.raises(metric.GatherError, match=words) as caught:
        services.redis(plugin("redis", servers=[f"tcp://{redis}"], password=password))

    assert "wrong" not in str(caught.value)


def test_an_unreachable_server_is_named() -> None:
    with pytest.raises(metric.GatherError, match=r"redis 127\.0\.0\.1:1: "):
        services.redis(plugin("redis", servers=["tcp://127.0.0.1:1"]))


def test_rabbitmq_is_asked_with_user_and_password() -> None:
    pair = base64.b64encode(b"sprocket:right").decode()

    def answer(request: Any) -> Any:
        if request.header("Authorization") != f"Basic {pair}":
            return http.Response.json(401, {"error": "not_authorized"})
        if request.path == "/api/overview":
            return http.Response.json(200, {"object_totals": {"queues": 1}, "queue_totals": {"messages": 2}})
        return http.Response.json(200, [{"name": "core", "messages": 2, "consumers": 1}])

    with serving(answer) as address:
        good = plugin("rabbitmq", url=f"http://{address}", username="sprocket", password="right")
        gathered = services.rabbitmq(good)
        with pytest.raises(metric.GatherError, match="401"):
            services.rabbitmq(plugin("rabbitmq", url=f"http://{address}"))

    assert gathered[0].fields == {"queues": 1, "messages": 2}
    assert (gathered[1].tags["queue"], gathered[1].fields["consumers"]) == ("core", 1)


def test_prometheus_samples() -> None:
    text = '# HELP x\nx_total{a="b, c",d="e"} 5\ny 0.5 1700000000\nz NaN\nbroken line here now\n'
    with serving(lambda request: http.Response.text(200, text)) as address:
        gathered = services.prometheus(plugin("prometheus", urls=[f"http://{address}/metrics"]))

    assert [(m.name, m.fields["value"]) for m in gathered] == [("x_total", 5.0), ("y", 0.5)]
    assert gathered[0].tags["a"] == "b, c"


def test_a_forbidden_docker_call_is_an_error() -> None:
    with (
        serving(lambda request: http.Response.text(403, "Forbidden")) as address,
        pytest.raises(metric.GatherError, match="/info: 403"),
    ):
        docker_input.docker(plugin("docker", endpoint=f"tcp://{address}"))


def test_line_protocol() -> None:
    made = metric.Metric("a b", {"i": 1, "f": 1.5, "b": True, "s": 'x "y"'}, {"t,1": "v=1", "empty": ""}, 7)

    assert made.line() == 'a\\ b,t\\,1=v\\=1 i=1i,f=1.5,b=true,s="x \\"y\\"" 7'


class FakeInflux:
    """Keeps written lines; answers `status`."""

    def __init__(self) -> None:
        self.status = 204
        self.requests: list[Any] = []

    def __call__(self, request: Any) -> Any:
        self.requests.append(request)
        return http.Response(
            self.status, b"" if self.status == 204 else b'{"message": "unauthorized access"}'
        )


@pytest.mark.parametrize("status", [401, 503])
def test_metrics_wait_while_influx_refuses_and_are_written_after(
    status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    influx = FakeInflux()
    with serving(influx) as address:
        made = plugin(
            "influxdb_v2", urls=[f"http://{address}"], token="secret-token", organization="o", bucket="b"
        )
        output = outputs.InfluxOutput(made, 100)
        output.add([metric.Metric("m", {"v": 1}, time=1)])
        influx.status = status
        output.flush()
        influx.status = 204
        output.flush()

    assert [r.body for r in influx.requests] == [b"m v=1i 1", b"m v=1i 1"]
    assert influx.requests[0].header("Authorization") == "Token secret-token"
    printed = capsys.readouterr().out
    assert f"[outputs.influxdb_v2] {address}/api/v2/write: {status}" in printed
    assert "secret-token" not in printed


def test_the_v1_output_sends_user_and_password() -> None:
    influx = FakeInflux()
    with serving(influx) as address:
        made = plugin(
            "influxdb", urls=[f"http://{address}"], database="metrics", username="telegraf", password="pw"
        )
        output = outputs.InfluxOutput(made, 100)
        output.add([metric.Metric("m", {"v": 1}, time=1)])
        output.flush()

    assert influx.requests[0].target.startswith("/write?db=metrics&")
    assert influx.requests[0].header("Authorization") == f"Basic {base64.b64encode(b'telegraf:pw').decode()}"


def test_health_looks_at_metrics_and_at_nothing_else() -> None:
    checks = {"contains": [{"field": "uptime"}], "compares": [{"field": "load1", "lt": 4.0}]}
    output = outputs.HealthOutput(plugin("health", service_address="http://127.0.0.1:0", **checks))
    address = f"127.0.0.1:{output.port}"

    def status_after(*metrics: Any) -> int:
        output.add(list(metrics))
        output.flush()
        return ask(address, "/").status

    assert status_after() == 200
    assert (
        status_after(metric.Metric("system", {"load1": 1.0}), metric.Metric("system", {"uptime": 5})) == 200
    )
    assert status_after(metric.Metric("system", {"load1": 1.0})) == 503
    assert status_after(metric.Metric("system", {"load1": 9.0, "uptime": 5})) == 503
