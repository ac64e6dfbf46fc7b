"""Replay parser: a Celery worker that turns replay files into statistics."""

from __future__ import annotations

from typing import Any

from sprocket_constructs import HealthCheck, Resources, Scale, Stop, SwarmSecret, SwarmService, UpdatePolicy

from ..rendering import to_json
from .broker import worker_rights
from .instance import Instance

PORT = 3015

MEMORY_PER_CHILD = 600
"""MiB after which a child process is replaced by a new one. billiard 4.2.2 compares the child's peak, not what it holds
(``compat.py:279``), and the first real replay (two against two, 1.2 MB) brings that to 444: a lower bound would replace the child
after nearly every task. What it holds grows from 336 to 435 MiB over twelve replays."""

TASKS_PER_CHILD = 50

MEMORY_PER_PLACE = 768
"""MiB of the limit for each child: what one may peak at, some more for a replay of six players, and its parent's 100.
Celery's default is a child per processor of the node."""


class ReplayParseService(SwarmService):
    """May stand more than once: RabbitMQ hands the tasks out.

    Celery is the first process, so that SIGTERM reaches it: it finishes the replays it has begun, for up to a minute.
    """

    def __init__(self, instance: Instance) -> None:
        resources = instance.site.resources("replay-parse-service")
        super().__init__(
            instance,
            "replay-parse-service",
            name=instance.identity.service("replay-parse-service"),
            alias="replay-parse-service",
            image=instance.site.image("replay-parse-service", instance=instance.identity.name),
            listens={"health": PORT},
            health=HealthCheck.shell(f"curl -sf -m 9 -o /dev/null http://127.0.0.1:{PORT}/healthz").every(
                "10s", timeout="10s", retries=6, start_period="90s"
            ),
            resources=resources,
            update=UpdatePolicy.stop_first(),
            scale=Scale(replicas=instance.settings.parser_replicas),
            stop=Stop(grace="120s"),
            command=_worker(resources),
            working_directory="/app/src",
        )
        self.instance = instance
        self.sets("ENV", "production")
        self._reads_secrets()
        name = instance.identity.file("replay-parse-service-settings")
        content = to_json(self._settings())
        self.reads(
            SwarmSecret(self, "settings", name=name, content=content), at="/app/config/production.json"
        )

    def _reads_secrets(self) -> None:
        secrets = self.instance.secrets
        access, key = ("s3-access-key", secrets.s3_access_key), ("s3-secret-key", secrets.s3_secret_key)
        self.reads(self.instance.secret_file(*access), at="/app/secret/minio-access.txt")
        self.reads(self.instance.secret_file(*key), at="/app/secret/minio-secret.txt")

    def _settings(self) -> dict[str, Any]:
        """All top-level keys: the file takes the place of the image's own.

        ``celery.backend`` is where results go; without it core waits for them forever. ``hostname`` has the port in it,
        since the parser reads no other.
        """
        identity = self.instance.identity
        url = self.instance.broker_url(
            self, short_name=self.alias, rights=worker_rights(identity), frame_max=False
        )
        queue = identity.queue("celery")
        storage = self.instance.data.object_storage.connect(self)
        return {
            "celery": {
                "broker": url,
                "backend": self.instance.results_url(self),
                "queue": queue,
            },
            "transport": {"url": url, "analytics_queue": identity.queue("analytics"), "celery-queue": queue},
            "minio": {
                "hostname": f"{storage.host}:{storage.port}",
                "bucket": identity.replays_bucket,
                "parsed_object_prefix": identity.name,
                "accessKey": str(self.instance.secrets.s3_access_key),
                "secure": storage.tls,
            },
            "ballchasing": {"maxRetries": 7, "backoffFactor": 4},
            "tempDir": "/tmp",
            "parser": "carball",
            "disableCache": False,
        }


def _worker(resources: Resources) -> tuple[str, ...]:
    places = max(1, resources.memory_limit_bytes // 1024**2 // MEMORY_PER_PLACE)
    return (
        *("python", "-m", "celery", "-A", "main", "worker", "--loglevel=INFO"),
        f"--concurrency={places}",
        f"--max-tasks-per-child={TASKS_PER_CHILD}",
        f"--max-memory-per-child={MEMORY_PER_CHILD * 1024}",
    )
