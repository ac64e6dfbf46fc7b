"""Tries a value where it lets somebody in: inside a task, on standard input, never as an argument."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import httpx
import jwt

from layers.rotation import Server
from ops.backup.jobs import jobs_of
from ops.backup.password import WRONG
from ops.backup.world import SENDER
from ops.check.listening import writers_of
from ops.lines import lines_in
from ops.model.redact import scrubbed
from ops.model.services import services_of
from ops.rotate.secret import Secret
from ops.smoke.browser import Browser, Reach
from ops.smoke.expectation import Arrival, arrival
from ops.smoke.scene import Scene, scene_of
from ops.swarm.containers import Finished, Tasks
from ops.terraform.target import Target

SESSION_S = 300
"""How long the session of an attempt would hold."""


class Verdict(StrEnum):
    """What a server said to a value."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A server's answer to a value; ``said`` is its last line, without any value."""

    verdict: Verdict
    said: str = ""


_POSTGRES = """set -eu
umask 077
own=/dev/shm/rotate.$$
trap 'rm -f "$own"' EXIT
{ printf '*:*:*:%s:' "$PGUSER"; cat; } > "$own"
PGPASSFILE="$own" psql --no-psqlrc --no-password --quiet --tuples-only --no-align --command='SELECT 1'
"""
"""Everybody may connect to template1, so what is refused there is the password."""

_MINIO = """set -eu
umask 077
own=/dev/shm/rotate.$$
trap 'rm -rf "$own"' EXIT
mkdir "$own"
mc --quiet --config-dir "$own" alias set tried http://minio:9000
"""

_CURL = ("curl", "--silent", "--show-error", "--max-time", "20", "--output", "/dev/null")
_STATUS = ("--write-out", "%{http_code}", "--config", "-")

SERVICES: Mapping[Server, str] = {
    Server.REDIS: "redis",
    Server.RABBITMQ: "rabbitmq",
    Server.POSTGRES: "postgres-keeper",
    Server.INFLUXDB_PASSWORD: "influxdb-keeper",
    Server.INFLUXDB_1X: "influxdb-keeper",
    Server.TELEGRAF: "influxdb-keeper",
    Server.S3: "minio-keeper",
    Server.GRAFANA: "grafana",
}
"""The service in whose task a value is tried. Keepers share the network of their server, and so does Telegraf. The repository of
the backups is asked by any of its senders."""

ANSWERS: Mapping[Server, str] = {**SERVICES, Server.SIGN_IN: "forward-auth"} | {
    Server.POSTGRES: "postgres",
    Server.INFLUXDB_PASSWORD: "influxdb",
    Server.INFLUXDB_1X: "influxdb",
    Server.TELEGRAF: "telegraf",
    Server.S3: "minio",
    Server.RESTIC: "backup-store",
}
"""The service that answers. A stand-in among them checks nothing; the managed Postgres is none, and neither is a bucket elsewhere."""


class Logins:
    """Attempts at the servers of one environment.

    Args:
        target: the services stack.
        tasks: containers of all engines that can be reached.
        secrets: the whole list; names of values in Telegraf's configuration.
    """

    def __init__(self, target: Target, tasks: Tasks, secrets: Iterable[Secret]) -> None:
        self._target = target
        self._tasks = tasks
        self._names = {secret.reference: secret.name for secret in secrets}
        self._ways: Mapping[Server, Callable[[Secret, Mapping[str, str]], Attempt]] = {
            Server.REDIS: self._redis,
            Server.RABBITMQ: self._rabbitmq,
            Server.POSTGRES: self._postgres,
            Server.INFLUXDB_PASSWORD: self._influxdb_password,
            Server.INFLUXDB_1X: self._influxdb_1x,
            Server.TELEGRAF: self._telegraf,
            Server.S3: self._s3,
            Server.GRAFANA: self._grafana,
            Server.SIGN_IN: self._sign_in,
            Server.RESTIC: self._restic,
        }

    def attempt(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        """Tries the value of a secret.

        Args:
            values: by name: of the secret, and of the other key where it is one of a pair.
        """
        server = secret.rotation.server
        assert server is not None  # the caller leaves out those that nothing can be asked about
        made = self._ways[server](secret, values)
        return Attempt(verdict=made.verdict, said=scrubbed(made.said, values.values()))

    def _inside(
        self, server: Server, text: str, *words: str, environment: Mapping[str, str] | None = None
    ) -> Finished:
        return self._inside_of(SERVICES[server], text, *words, environment=environment)

    def _inside_of(
        self, service: str, text: str, *words: str, environment: Mapping[str, str] | None = None
    ) -> Finished:
        container = self._tasks.container(service)
        if container is None:
            return Finished(code=126, output=f"no task of {service} runs on a node that can be reached")
        return self._tasks.run_with_input(container, text, *words, environment=environment)

    def _redis(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        account = secret.rotation.account
        done = self._inside(Server.REDIS, f"AUTH {account} {values[secret.name]}\n", "redis-cli")
        return _judged(done, accepted=done.output.strip() == "OK", refused="WRONGPASS" in done.output)

    def _rabbitmq(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        words = ("docker-entrypoint.sh", "rabbitmqctl", "-q", "authenticate_user", secret.rotation.account)
        done = self._inside(Server.RABBITMQ, f"{values[secret.name]}\n", *words)
        return _judged(
            done, accepted=done.code == 0, refused="failed to authenticate user" in done.output.lower()
        )

    def _postgres(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        settings = self._target.settings.data.postgres
        managed = settings.where == "managed"
        environment = {
            "PGHOST": settings.host or "postgres",
            "PGPORT": str(settings.port),
            "PGSSLMODE": "require" if managed else "disable",
            "PGUSER": secret.rotation.account,
            "PGDATABASE": "template1",
            "PGCONNECT_TIMEOUT": "10",
        }
        words = ("/bin/sh", "-c", _POSTGRES)
        done = self._inside(Server.POSTGRES, values[secret.name], *words, environment=environment)
        return _judged(done, accepted=done.code == 0, refused="password authentication failed" in done.output)

    def _influxdb_password(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        url = "http://influxdb:8086/api/v2/signin"
        user = f"{secret.rotation.account}:{values[secret.name]}"
        return self._http(Server.INFLUXDB_PASSWORD, url, "204", user=user, request="POST")

    def _influxdb_1x(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        url = "http://influxdb:8086/query?q=SHOW%20DATABASES"
        user = f"{secret.rotation.account}:{values[secret.name]}"
        return self._http(Server.INFLUXDB_1X, url, "200", user=user)

    def _telegraf(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        services = services_of(self._target.wanted, secrets=self._names)
        port = next(
            writer.port
            for service in services
            for writer in writers_of(service)
            if writer.token == secret.name
        )
        url = f"http://telegraf:{port}/api/v2/write?org=x&bucket=x"
        token = f"Authorization: Token {values[secret.name]}"
        return self._http(Server.TELEGRAF, url, "204", header=token, request="POST")

    def _grafana(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        user = f"{secret.rotation.account}:{values[secret.name]}"
        return self._http(Server.GRAFANA, "http://127.0.0.1:3000/api/user", "200", user=user)

    def _http(self, server: Server, url: str, good: str, **options: str) -> Attempt:
        """One request by curl, which reads its options, the value among them, from standard input."""
        config = "".join(f'{name} = "{value}"\n' for name, value in {**options, "url": url}.items())
        done = self._inside(server, config, *_CURL, *_STATUS)
        return _judged(done, accepted=done.output == good, refused=done.output in ("401", "403"))

    def _s3(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        """A user of MinIO with a fixed name, or the pair of keys that the secret is a part of."""
        start = secret.name.removesuffix("access-key").removesuffix("secret-key")
        account = secret.rotation.account or values[f"{start}access-key"]
        key = values[secret.name if secret.rotation.account else f"{start}secret-key"]
        done = self._inside(Server.S3, f"{account}\n{key}\n", "/bin/sh", "-c", _MINIO)
        refused = any(word in done.output for word in ("signature", "Signature", "Access Key Id"))
        return _judged(done, accepted=done.code == 0, refused=refused)

    def _restic(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        sender = next(job.sender for job in jobs_of(services_of(self._target.wanted)))
        done = self._inside_of(sender, values[secret.name], "/bin/sh", SENDER, "try_password")
        return _judged(done, accepted=done.code == 0, refused=done.code == WRONG)

    def _sign_in(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        """A session of the admin role, signed with the key, as the sign-in itself would make it."""
        scene = self._scene
        role = scene.settings.ingress.admin_role
        page = next(route for route in scene.guarded if route.role == role)
        ids = " ".join(scene.settings.ingress.sign_in.roles[role])
        claims = {
            "exp": int(time.time()) + SESSION_S,
            "tfa": {"roles": f"[{ids}]", "user": {"id": "0", "username": "rotation"}},
        }
        cookie = jwt.encode(claims, values[secret.name])
        try:
            with Browser(scene.reach, scene.trust.context) as browser:
                answer = browser.ask(page.url, headers={"Cookie": f"{scene.cookie}={cookie}"})
        except httpx.HTTPError as error:
            return Attempt(verdict=Verdict.UNCLEAR, said=f"{page.url}: {error}")
        found = arrival(answer, asked=page, authorize=scene.authorize, callback=scene.callback)
        verdicts = {Arrival.PAGE: Verdict.ACCEPTED, Arrival.DISCORD: Verdict.REFUSED}
        return Attempt(
            verdict=verdicts.get(found, Verdict.UNCLEAR), said=f"{page.url}: {found}, status {answer.status}"
        )

    @cached_property
    def _scene(self) -> Scene:
        return scene_of(self._target, Reach(), self._tasks)


def _judged(done: Finished, *, accepted: bool, refused: bool) -> Attempt:
    verdict = Verdict.ACCEPTED if accepted else Verdict.REFUSED if refused else Verdict.UNCLEAR
    lines = lines_in(done.output.strip())
    return Attempt(verdict=verdict, said=f"{lines[-1] if lines else 'no output'} (exit code {done.code})")
