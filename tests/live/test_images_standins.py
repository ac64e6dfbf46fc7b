"""The stand-ins' images on this machine's engine, each with the health check that the real image gets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from images.builder.trial import Running, Trial
from tests.live.standin_configs import ALLOY, DISCORD, FORWARD_AUTH, GRAFANA, LOKI, TELEGRAF

pytestmark = pytest.mark.live
TERM_SECONDS = 2.0
PASSWORD = "trial-only-9d2e"


def influxdb(trial: Trial, *, volume: str = "influx") -> Running:
    """InfluxDB with users `telegraf` (write) and `grafana` (read), passwords from their secrets."""
    names = {"USERNAME": "admin", "PASSWORD": PASSWORD, "ADMIN_TOKEN": f"{PASSWORD}-operator"}
    env = {"DOCKER_INFLUXDB_INIT_MODE": "setup", "DOCKER_INFLUXDB_INIT_ORG": "sprocket"}
    env["DOCKER_INFLUXDB_INIT_BUCKET"] = "metrics"
    env |= {f"DOCKER_INFLUXDB_INIT_{name}_FILE": f"/run/secrets/{name}" for name in names}
    files = {f"/run/secrets/{name}": trial.file(f"influx-{name}", value) for name, value in names.items()}
    running = trial.run("influxdb", env=env, files=files, volumes={"/var/lib/influxdb2": volume})
    running.wait("influx", "ping", seconds=20)
    return running


def add_users(running: Running) -> None:
    bucket = running.expect("influx", "bucket", "list", "-n", "metrics", "--hide-headers").split("\t")[0]
    for user, action in (("telegraf", "write"), ("grafana", "read")):
        words = ("influx", "v1", "auth", "create", "--username", user, f"--{action}-bucket", bucket)
        running.expect(*words, stdin=f"{PASSWORD}\n")


def loki(trial: Trial, *, volume: str = "loki") -> Running:
    files = {"/etc/loki/local-config.yaml": trial.file("loki.yaml", LOKI)}
    running = trial.run("loki", files=files, volumes={"/loki": volume})
    running.wait("/usr/bin/loki", "-health", seconds=20)
    return running


def grafana(trial: Trial) -> Running:
    files = {
        "/etc/grafana/provisioning/datasources/all.yaml": trial.file("sources.yaml", GRAFANA),
        "/run/secrets/grafana": trial.file("grafana-password", PASSWORD),
        "/run/secrets/admin": trial.file("admin-password", PASSWORD),
    }
    env = {"GF_SECURITY_ADMIN_PASSWORD__FILE": "/run/secrets/admin"}
    running = trial.run("grafana", env=env, files=files, volumes={"/var/lib/grafana": "grafana"})
    running.wait("wget", "-q", "-T", "5", "-O", "/dev/null", "http://127.0.0.1:3000/api/health", seconds=20)
    return running


def source_health(running: Running, uid: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:3000/api/datasources/uid/{uid}/health"
    answer = running.expect("curl", "-sS", "-K", "-", url, stdin=f'user = "admin:{PASSWORD}"\n')
    return dict(json.loads(answer))


def test_metrics_go_from_telegraf_through_influxdb_to_grafana(trial: Trial) -> None:
    database = influxdb(trial)
    add_users(database)
    files = {
        "/etc/telegraf/telegraf.conf": trial.file("telegraf.conf", TELEGRAF),
        "/run/secrets/telegraf": trial.file("telegraf-password", PASSWORD),
    }
    telegraf = trial.run("telegraf", files=files)
    telegraf.wait("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080", seconds=20)
    count = (
        'from(bucket:"metrics") |> range(start:-1m) |> filter(fn: (r) => r._measurement == "mem") |> count()'
    )
    look = f"influx query -o sprocket '{count}' | grep -q available"
    database.wait("bash", "-c", look, seconds=20)

    assert "[inputs.redis] Error in plugin: redis nowhere:6379" in telegraf.log()
    shown = grafana(trial)
    assert source_health(shown, "metrics")["status"] == "OK"
    assert source_health(shown, "logs")["status"] == "ERROR"
    for running in (telegraf, shown, database):
        running.leave(TERM_SECONDS)


def test_points_and_tokens_of_influxdb_outlive_its_container(trial: Trial) -> None:
    first = influxdb(trial)
    first.expect("influx", "write", "-b", "metrics", "marker v=42")
    first.leave(TERM_SECONDS)

    second = influxdb(trial)
    assert "was set up before" in second.log()
    script = (
        "read -r INFLUX_TOKEN; export INFLUX_TOKEN; influx query -o sprocket "
        """'from(bucket:"metrics") |> range(start:-1h) |> last()'"""
    )
    assert "\t42\t" in second.expect("bash", "-c", script, stdin=f"{PASSWORD}-operator\n")


def test_a_v1_users_password_is_chosen_and_changed_by_us(trial: Trial) -> None:
    database = influxdb(trial)
    add_users(database)
    url = "http://127.0.0.1:8086/write?db=metrics"

    def write(password: str) -> str:
        words = (
            "curl",
            "-sS",
            "-K",
            "-",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "--data-binary",
            "m v=1",
            url,
        )
        return database.expect(*words, stdin=f'user = "telegraf:{password}"\n')

    assert (write(PASSWORD), write("another-password")) == ("204", "401")
    database.expect(
        "influx", "v1", "auth", "set-password", "--username", "telegraf", stdin="another-password\n"
    )
    assert (write(PASSWORD), write("another-password")) == ("401", "204")


def test_logs_go_from_the_engine_through_alloy_to_loki_without_passwords(trial: Trial) -> None:
    lines = loki(trial)
    socket = Path("/var/run/docker.sock")
    files = {"/etc/alloy/config.alloy": trial.file("config.alloy", ALLOY.replace("NETWORK", trial.network))}
    arguments = ["run", "/etc/alloy/config.alloy", "--storage.path=/var/lib/alloy/data"]
    arguments += ["--server.http.listen-addr=0.0.0.0:12345", "--disable-reporting"]
    alloy = trial.run("alloy", *arguments, files=files, options=("--volume", f"{socket}:{socket}:ro"))
    ready = "exec 3<>/dev/tcp/127.0.0.1/12345 && printf 'GET /-/ready HTTP/1.0\\r\\n\\r\\n' >&3 && head -1 <&3 | grep -q 200"
    alloy.wait("bash", "-c", ready, seconds=20)
    said = f"import time; print('Connecting to RabbitMQ @ amqp://user:{PASSWORD}@rabbitmq:5672', flush=True); time.sleep(60)"
    noisy = trial.run("alloy", "-c", said, alias="noisy", options=("--entrypoint", "python3"))

    ask = ("curl", "-fsSG", "http://127.0.0.1:3100/loki/api/v1/query_range", "--data-urlencode")
    selector = f'query={{service="{noisy.name}"}}'
    lines.wait("bash", "-c", f"{' '.join(ask)} '{selector}' | grep -q 'RabbitMQ @ amqp'", seconds=20)
    found = lines.expect(*ask, selector)
    assert "amqp://***@rabbitmq:5672" in found
    assert PASSWORD not in found
    for running in (alloy, lines):
        running.leave(TERM_SECONDS)
    again = loki(trial)
    assert "amqp://***@rabbitmq:5672" in again.expect(*ask, selector)


def test_sign_in_between_two_containers(trial: Trial) -> None:
    discord = trial.run(
        "fake-discord", files={"/etc/fake-discord/config.yaml": trial.file("d.yaml", DISCORD)}
    )
    discord.wait("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/healthz", seconds=20)
    files = {"/run/secrets/forward-auth.yaml": trial.file("fa.yaml", FORWARD_AUTH)}
    gate = trial.run("forward-auth", "--config=/run/secrets/forward-auth.yaml", files=files)
    gate.wait("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:4181/healthz", seconds=20)

    def visit(host: str, uri: str, cookie: str = "") -> str:
        words = ["curl", "-sSi", "-H", "X-Forwarded-Proto: https", "-H", f"X-Forwarded-Host: {host}"]
        words += ["-H", f"X-Forwarded-Uri: {uri}", "-H", "X-Forwarded-For: 203.0.113.9", "-b", cookie]
        return gate.expect(*words, "http://127.0.0.1:4181/")

    def header(answer: str, name: str) -> list[str]:
        return re.findall(rf"^{name}: (.*?)\r?$", answer, re.MULTILINE | re.IGNORECASE)

    def session(user: str) -> tuple[str, str]:
        first = visit("admin.example.org", "/page")
        nonce = header(first, "Set-Cookie")[0].split(";")[0]
        chosen = gate.expect("curl", "-sSi", f"{header(first, 'Location')[0]}&as={user}")
        callback = header(chosen, "Location")[0].removeprefix("https://auth.example.org")
        answer = visit("auth.example.org", callback, nonce)
        cookies = [c.split(";")[0] for c in header(answer, "Set-Cookie") if c.startswith("_forward_auth=")]
        return answer.split("\r\n")[0], cookies[0] if cookies else ""

    status, cookie = session("admin")
    assert " 307 " in status and cookie
    allowed = visit("other.example.org", "/", cookie)
    assert " 200 " in allowed.split("\r\n")[0]
    assert header(allowed, "X-Forwarded-User") == ["10"]
    status, cookie = session("stranger")
    assert " 500 " in status and not cookie
    for running in (gate, discord):
        running.leave(TERM_SECONDS)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("grafana", "both GF_SECURITY_ADMIN_PASSWORD and GF_SECURITY_ADMIN_PASSWORD__FILE are set"),
        ("influxdb", "missing parameters, cannot init InfluxDB: DOCKER_INFLUXDB_INIT_USERNAME"),
        ("loki", "/etc/loki/local-config.yaml: No such file"),
        ("alloy", "/etc/alloy/config.alloy: No such file"),
        ("telegraf", "/etc/telegraf/telegraf.conf: No such file"),
        ("forward-auth", '"secret" option must be set'),
        ("fake-discord", "/etc/fake-discord/config.yaml: No such file"),
    ],
)
def test_refuses_to_start_without_what_it_needs(trial: Trial, image: str, words: str) -> None:
    name = "GF_SECURITY_ADMIN_PASSWORD"
    env = {name: "x", f"{name}__FILE": "/run/secrets/x"} if image == "grafana" else {}
    running = trial.run(
        image, env=env | ({"DOCKER_INFLUXDB_INIT_MODE": "setup"} if image == "influxdb" else {})
    )

    log = running.final_log()
    assert words in log
    assert "STAND-IN for " in log.splitlines()[0]
    assert running.exit_code() == 1


@pytest.mark.parametrize(
    ("image", "user"),
    [("grafana", "472"), ("loki", "10001"), ("forward-auth", "65532"), ("fake-discord", "65534")],
)
def test_runs_as_the_real_images_user(trial: Trial, image: str, user: str) -> None:
    running = trial.run(image, "-c", "import os; print(os.getuid())", options=("--entrypoint", "python3"))

    assert running.final_log().strip() == user


@pytest.mark.parametrize(("image", "user"), [("influxdb", "influxdb"), ("telegraf", "telegraf")])
def test_gives_up_root_at_start(trial: Trial, image: str, user: str) -> None:
    if image == "influxdb":
        running = influxdb(trial)
    else:
        text = TELEGRAF.replace("@{s:telegraf}", "x")
        running = trial.run(image, files={"/etc/telegraf/telegraf.conf": trial.file("t.conf", text)})
        running.wait("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080", seconds=20)

    assert running.expect("ps", "-o", "user=", "-p", "1").strip() == user
