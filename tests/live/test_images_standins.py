"""The stand-in in its images, against the real stores: green with the right credentials, red with the reason with wrong ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from ruamel.yaml import YAML

from images.builder.paths import DESCRIPTIONS
from images.builder.trial import Running, Trial
from images.builder.version import what_ran

pytestmark = pytest.mark.live(needs=["engine"])
PASSWORD = "trial-only-9d2e"
TERM_SECONDS = 2.0
QUEUES = (
    "core", "bot", "analytics", "matchmaking", "notification", "image_generation", "submission", "events",
)  # fmt: skip


def needs_stand_in(trial: Trial, image: str) -> None:
    """Skips where the real program is built: it has tests of its own."""
    if (ran := what_ran(trial.images[image])) != "stand-in":
        pytest.skip(f"{image} is no stand-in here: {ran}")


def settings(**changes: Mapping[str, Any]) -> str:
    """A production.json as core's, one section changed."""
    whole: dict[str, Any] = {
        "logger": {"levels": ["error"]},
        "transport": {
            "url": f"amqp://sprocket:{PASSWORD}@rabbitmq:5672?heartbeat=60&frameMax=131072",
            **{f"{name}_queue": name for name in QUEUES},
            "events_application_key": "core",
            "celery-queue": "celery",
        },
        "db": {"host": "postgres", "port": 5432, "username": "postgres", "database": "postgres"},
        "redis": {"host": "redis", "port": 6379, "prefix": "t:", "secure": False},
        "cache": {"host": "redis", "port": 6379},
        "minio": {
            "endPoint": "minio", "port": 9000, "useSSL": False,
            "bucketNames": {"replays": "replays", "image_generation": "images"},
        },
        "auth": {"google": {"callbackUrl": "x"}, "discord": {"callbackUrl": "x"}, "jwt_expiry": "1h"},
        "web": {"url": "https://x"}, "bot": {"prefix": "!"}, "defaultOrganizationId": 1,
    }  # fmt: skip
    return json.dumps(
        {name: {**value, **changes[name]} if name in changes else value for name, value in whole.items()}
    )


def core(trial: Trial, text: str, secrets: Mapping[str, str] | None = None) -> Running:
    """The image of core with these settings; `secrets` by name of the file in its description."""
    values = {
        "db-password": PASSWORD,
        "redis-password": PASSWORD,
        "s3-access": "rooted",
        "s3-secret": PASSWORD,
    }
    role = YAML(typ="safe").load((DESCRIPTIONS / "core.yaml").read_text())["roles"][0]
    files = {"/app/config/production.json": trial.file(f"core-{abs(hash(text))}.json", text)}
    for name, at in role["files"].items():
        if isinstance(at, str):
            value = {**values, **(secrets or {})}.get(name, "x")
            files[at] = trial.file(f"{name}-{value}", value)
    options = ("--entrypoint", "/usr/local/bin/node")
    return trial.run("core", "/app/core/dist/main.js", files=files, options=options)


def stores(trial: Trial) -> None:
    password = trial.file("password", PASSWORD)
    redis = trial.run("redis", "redis-server", "--requirepass", PASSWORD)
    conf = f"default_user = sprocket\ndefault_pass = {PASSWORD}\ndefault_user_tags.administrator = true\n"
    rabbit = trial.run("rabbitmq", files={"/etc/rabbitmq/conf.d/90.conf": trial.file("rabbit.conf", conf)})
    postgres = trial.run(
        "postgres", env={"POSTGRES_PASSWORD_FILE": "/run/secrets/p"}, files={"/run/secrets/p": password}
    )
    environment = {"MINIO_ROOT_USER": "rooted", "MINIO_ROOT_PASSWORD": PASSWORD}
    minio = trial.run("minio", "server", "/data", env=environment)
    minio.wait("curl", "-fsS", "http://127.0.0.1:9000/minio/health/live")
    minio.expect("mc", "alias", "set", "s", "http://127.0.0.1:9000", stdin=f"rooted\n{PASSWORD}\n")
    minio.expect("mc", "mb", "s/replays", "s/images")
    redis.wait("sh", "-c", f"REDISCLI_AUTH={PASSWORD} redis-cli ping | grep -q PONG")
    postgres.wait("pg_isready", "-h", "127.0.0.1", "-U", "postgres")
    rabbit.wait("rabbitmq-diagnostics", "-q", "check_running", seconds=90)


def report(running: Running) -> dict[str, Any]:
    """What its health page says once each dependency was tried."""
    look = "curl -s http://127.0.0.1:3001/healthz | grep -v 'not tried yet' | grep -q status"
    running.wait("sh", "-c", look, seconds=30)
    return dict(json.loads(running.exec("curl", "-s", "http://127.0.0.1:3001/healthz").output))


def test_core_is_green_with_the_right_credentials_and_red_by_name_and_reason_with_wrong_ones(
    trial: Trial,
) -> None:
    needs_stand_in(trial, "core")
    stores(trial)
    good = core(trial, settings())
    good.wait("wget", "-q", "-T", "9", "-O", "/dev/null", "http://127.0.0.1:3001/healthz", seconds=30)
    assert report(good)["status"] == "ok"
    assert "STAND-IN for core" in good.log().splitlines()[0]
    assert PASSWORD not in good.log()
    netstat = "netstat -tn | grep ':5672 ' | grep -q ESTABLISHED"
    good.wait("sh", "-c", netstat, seconds=10)
    good.leave(TERM_SECONDS)

    broken: dict[str, tuple[Running, str]] = {
        "database": (core(trial, settings(), {"db-password": "wrong"}), "password authentication failed"),
        "redis": (core(trial, settings(), {"redis-password": "wrong"}), "invalid username-password pair"),
        "s3-images": (core(trial, settings(), {"s3-secret": "wrong-secret"}), "SignatureDoesNotMatch"),
        "broker": (
            core(trial, settings(transport={"url": "amqp://sprocket:wrong@rabbitmq:5672"})),
            "ACCESS_REFUSED",
        ),
        "s3-replays": (
            core(trial, settings(minio={"bucketNames": {"replays": "other", "image_generation": "images"}})),
            "NoSuchBucket",
        ),
    }
    wrong_host = core(trial, settings(db={"host": "postgras"}))
    for name, (running, reason) in broken.items():
        state = report(running)["dependencies"][name]
        assert not state["ok"] and reason.lower() in state["error"].lower(), (name, state)
        assert running.exec("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3001/healthz").code != 0
    state = report(wrong_host)["dependencies"]["database"]
    assert "could not translate host name" in state["error"] and state["target"] == "postgras:5432/postgres"


def test_a_missing_key_and_a_missing_file_end_the_start_with_their_names(trial: Trial) -> None:
    needs_stand_in(trial, "core")
    text = json.loads(settings())
    del text["transport"]["celery-queue"]
    lacking = core(trial, json.dumps(text))
    assert "/app/config/production.json: transport.celery-queue: is missing" in lacking.final_log()
    assert lacking.exit_code() == 1
    nothing = trial.run("core", "/app/core/dist/main.js", options=("--entrypoint", "/usr/local/bin/node"))
    assert "/app/config/production.json: No such file or directory; mount it" in nothing.final_log()


def test_the_migration_uses_the_database(trial: Trial) -> None:
    needs_stand_in(trial, "core")
    stores(trial)
    files = {
        "/app/core/config/production.json": trial.file("migration.json", settings()),
        "/app/core/secret/db-password.txt": trial.file("db", "wrong"),
    }
    options = ("--entrypoint", "/usr/local/bin/node")
    failed = trial.run("core", "core/migrate.cjs", files=files, options=options)
    assert "database: postgres:5432/postgres:" in failed.final_log()
    assert failed.exit_code() == 1
    files["/app/core/secret/db-password.txt"] = trial.file("db2", PASSWORD)
    done = trial.run("core", "core/migrate.cjs", files=files, options=options)
    assert "STAND-IN" in done.final_log()
    assert done.exit_code() == 0


@pytest.mark.parametrize(
    ("image", "user"),
    [("grafana", "472"), ("loki", "10001"), ("forward-auth", "65532"), ("fake-discord", "65534")],
)
def test_runs_as_the_real_images_user(trial: Trial, image: str, user: str) -> None:
    needs_stand_in(trial, image)
    running = trial.run(image, "-c", "import os; print(os.getuid())", options=("--entrypoint", "python3"))
    assert running.final_log().strip() == user


def test_a_folder_that_the_user_cannot_write_ends_the_start(trial: Trial) -> None:
    needs_stand_in(trial, "loki")
    running = trial.run("loki", options=("--tmpfs", "/loki:uid=0,mode=0755"))
    assert "/loki: user 10001 cannot write there" in running.final_log()


def test_the_database_of_metrics_gives_up_root_and_answers_its_probe(trial: Trial) -> None:
    needs_stand_in(trial, "influxdb")
    names = ("influxdb-password", "influxdb-admin-token")
    files = {f"/run/secrets/{name}": trial.file(name, PASSWORD) for name in names}
    running = trial.run("influxdb", "influxd", files=files)
    running.wait("influx", "ping", seconds=20)
    assert running.expect("ps", "-o", "uid=", "-p", "1").strip() == "1000"
    running.leave(TERM_SECONDS)
