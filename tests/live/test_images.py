"""Each real program among the images, run as a container: health check, secrets from files, kept data, leaving on TERM.

These need a Docker engine and images built by `python -m images build`.
"""

from __future__ import annotations

import json

import pytest

from images import ImagesError
from images.builder.trial import Running, Trial

pytestmark = pytest.mark.live(needs=["engine"])
PASSWORD = "trial-only-4f1c"
TERM_SECONDS = 5.0


class TestTraefik:
    CONFIG = """
entryPoints: {web: {address: ":80"}}
ping: {}
api: {insecure: true}
log: {level: INFO, format: json}
"""

    def test_health_check_reads_the_default_configuration(self, trial: Trial) -> None:
        traefik = trial.run("traefik", files={"/etc/traefik/traefik.yml": trial.file("t.yml", self.CONFIG)})
        traefik.wait("traefik", "healthcheck", "--ping", seconds=20)
        assert '"version":"3.7' in traefik.expect("wget", "-qO-", "http://127.0.0.1:8080/api/version").lower()
        traefik.leave(within=TERM_SECONDS)

    def test_options_go_to_traefik(self, trial: Trial) -> None:
        traefik = trial.run("traefik", "--ping=true", "--entryPoints.web.address=:8000")
        traefik.wait("wget", "-qO-", "http://127.0.0.1:8080/ping", seconds=20)


class TestRedis:
    CONFIG = f"""
bind * -::*
protected-mode yes
requirepass {PASSWORD}
dir /data
appendonly yes
maxmemory 64mb
maxmemory-policy noeviction
"""
    HEALTH = (
        "sh",
        "-c",
        'redis-cli --no-auth-warning -a "$(cat /run/secrets/redis_password)" ping | grep -q PONG',
    )

    def start(self, trial: Trial) -> Running:
        redis = trial.run(
            "redis", "redis-server", "/usr/local/etc/redis/redis.conf", volumes={"/data": "redis"},
            files={
                "/usr/local/etc/redis/redis.conf": trial.file("redis.conf", self.CONFIG),
                "/run/secrets/redis_password": trial.file("redis_password", PASSWORD),
            },
        )  # fmt: skip
        redis.wait(*self.HEALTH, seconds=20)
        return redis

    def cli(self, redis: Running, *words: str) -> str:
        return redis.expect(
            "sh", "-c", f"REDISCLI_AUTH={PASSWORD} redis-cli -h redis {' '.join(words)}"
        ).strip()

    def test_serves_as_uid_999_with_the_password_of_its_file(self, trial: Trial) -> None:
        redis = self.start(trial)
        assert redis.expect("stat", "-c", "%u:%g", "/proc/1", "/data").split() == ["999:999", "999:999"]
        assert "NOAUTH" in redis.exec("redis-cli", "-h", "redis", "ping").output
        assert self.cli(redis, "config", "get", "maxmemory-policy").split()[1] == "noeviction"

    def test_keeps_data_in_its_volume(self, trial: Trial) -> None:
        first = self.start(trial)
        self.cli(first, "set", "scrim", "7")
        first.leave(within=TERM_SECONDS)
        assert self.cli(self.start(trial), "get", "scrim") == "7"

    def test_lock_tells_that_it_has_no_json(self, trial: Trial) -> None:
        redis = self.start(trial)
        has_json = "unknown command" not in self.cli(redis, "JSON.SET", "t", "$", "1")
        assert has_json == ("json" not in trial.images["redis"].lacks)


class TestRabbitMQ:
    CONFIG = f"""
default_user = sprocket
default_pass = {PASSWORD}
default_user_tags.administrator = true
vm_memory_high_watermark.absolute = 200MiB
disk_free_limit.absolute = 50MB
heartbeat = 60
log.console = true
log.console.formatter = json
"""
    HEALTH = ("rabbitmq-diagnostics", "-q", "check_running")

    def start(self, trial: Trial, extra: str = "") -> Running:
        config = trial.file(f"rabbit{len(extra)}.conf", self.CONFIG + extra)
        return trial.run(
            "rabbitmq", alias="rabbitmq", volumes={"/var/lib/rabbitmq": "rabbit"},
            files={"/etc/rabbitmq/conf.d/90-sprocket.conf": config},
        )  # fmt: skip

    def api(self, rabbit: Running, path: str, *options: str) -> str:
        return rabbit.expect(
            "curl", "-fsS", "-u", f"sprocket:{PASSWORD}", *options, f"http://rabbitmq:15672/api/{path}"
        )

    def test_user_comes_from_the_mounted_file_and_queues_outlive_a_new_container(self, trial: Trial) -> None:
        first = self.start(trial)
        first.wait(*self.HEALTH, seconds=90)
        assert first.expect("stat", "-c", "%u", "/proc/1").strip() == "100"
        body = ("-X", "PUT", "-H", "content-type: application/json", "-d", '{"durable":true}')
        self.api(first, "queues/%2f/core", *body)
        assert first.exec("curl", "-fsS", "-u", "guest:guest", "http://rabbitmq:15672/api/overview").code != 0
        assert "rabbitmq_identity_info" in first.expect("curl", "-fsS", "http://rabbitmq:15692/metrics")
        first.leave(within=10)  # 3.10 waits 5 s for its statistics (rabbitmq-server pull request 11070)
        assert json.loads(first.log().splitlines()[-1])["level"]
        second = self.start(trial)
        second.wait(*self.HEALTH, seconds=90)
        assert '"name":"core"' in self.api(second, "queues/%2f/core")

    def test_lock_tells_that_it_knows_no_deprecated_features(self, trial: Trial) -> None:
        rabbit = self.start(trial, "deprecated_features.permit.global_qos = true\n")
        try:
            rabbit.wait(*self.HEALTH, seconds=90)
            refused = False
        except ImagesError:
            refused = "deprecated_features.permit.global_qos" in rabbit.final_log()
        assert refused == ("deprecated-features" in trial.images["rabbitmq"].lacks)

    def test_refuses_file_variables_like_the_image_stood_in_for(self, trial: Trial) -> None:
        rabbit = trial.run("rabbitmq", env={"RABBITMQ_DEFAULT_PASS_FILE": "/run/secrets/x"})
        assert "RABBITMQ_DEFAULT_PASS_FILE" in rabbit.final_log()
        assert rabbit.exit_code() == 1


class TestPostgres:
    HEALTH = ("sh", "-c", "pg_isready -h 127.0.0.1 -U sprocket -d sprocket")

    def start(self, trial: Trial) -> Running:
        postgres = trial.run(
            "postgres", alias="postgres", volumes={"/var/lib/postgresql/data": "postgres"},
            env={
                "POSTGRES_USER_FILE": "/run/secrets/user", "POSTGRES_PASSWORD_FILE": "/run/secrets/password",
                "POSTGRES_DB": "sprocket", "POSTGRES_INITDB_ARGS": "--data-checksums",
            },
            files={
                "/run/secrets/user": trial.file("user", "sprocket\n"),
                "/run/secrets/password": trial.file("password", f"{PASSWORD}\n"),
                "/docker-entrypoint-initdb.d/10-grafana.sql": trial.file("10.sql", "CREATE DATABASE grafana;"),
                "/docker-entrypoint-initdb.d/20-name.sh": trial.file(
                    "20.sh", 'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "CREATE TABLE named(n text)"'
                ),
            },
        )  # fmt: skip
        postgres.wait(*self.HEALTH, seconds=60)
        return postgres

    def sql(
        self, postgres: Running, statement: str, database: str = "sprocket", password: str = PASSWORD
    ) -> str:
        done = postgres.exec(
            "env",
            f"PGPASSWORD={password}",
            "psql",
            "-h",
            "postgres",
            "-U",
            "sprocket",
            "-d",
            database,
            "-Atc",
            statement,
        )
        return done.output.strip()

    def test_sets_up_from_file_secrets_and_keeps_data(self, trial: Trial) -> None:
        first = self.start(trial)
        assert self.sql(first, "SHOW data_checksums") == "on"
        assert self.sql(first, "SELECT 1", database="grafana") == "1"
        self.sql(first, "INSERT INTO named VALUES ('kept')")
        assert first.expect("stat", "-c", "%u", "/proc/1").strip() == "70"
        first.leave(within=TERM_SECONDS)
        assert "database system is shut down" in first.log()
        second = self.start(trial)
        assert self.sql(second, "SELECT n FROM named") == "kept"

    def test_network_clients_need_the_password(self, trial: Trial) -> None:
        postgres = self.start(trial)
        assert "password authentication failed" in self.sql(postgres, "SELECT 1", password="wrong")
        rows = self.sql(postgres, "SELECT DISTINCT auth_method FROM pg_hba_file_rules WHERE type = 'host'")
        assert rows == "scram-sha-256"
        assert PASSWORD not in postgres.log()

    def test_starts_a_setup_over_that_was_cut_off(self, trial: Trial) -> None:
        first = self.start(trial)
        first.expect("touch", "/var/lib/postgresql/data/.setup-unfinished")
        self.sql(first, "INSERT INTO named VALUES ('half')")
        first.stop()
        assert self.sql(self.start(trial), "SELECT count(*) FROM named") == "0"

    def test_missing_password_is_named(self, trial: Trial) -> None:
        postgres = trial.run("postgres")
        assert "POSTGRES_PASSWORD_FILE" in postgres.final_log()
