"""What the programs of the application look for at start; none of them says in its image what it needs.

From the source of the line ``rabbitmq`` (commit f0abc12b, common/src/util/config.ts and each service's own). A value
that is in none of the places where a program looks makes it end, or stay alive and useless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "number", "flag", "words", "host", "host:port", "url", "duration"]
"""Of a value. ``host`` is a name without scheme and port, ``duration`` a number with its unit."""

SETTINGS = "/app/config/production.json"
SECRETS = "/app/secret"


@dataclass(frozen=True, kw_only=True)
class Program:
    """What one program needs.

    Args:
        settings: its file.
        keys: of the file, with the kind of value.
        secrets: files with one secret value each, and the name of that value in the instance.
        consumes: key of the queue that it takes messages from.
        variables: words that its variable or command must hold, and why.
        python: whether kombu reads the broker's URL, which takes no parameter ``frameMax``.
    """

    settings: str = SETTINGS
    keys: Mapping[str, Kind] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    consumes: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    python: bool = False


QUEUES = ("core", "bot", "analytics", "matchmaking", "notification", "image_generation", "submission")

_BROKER: dict[str, Kind] = {
    "logger/levels": "words",
    "transport/url": "url",
    **{f"transport/{queue}_queue": "text" for queue in QUEUES},
    "transport/events_queue": "text",
}
_EVENTS: dict[str, Kind] = {"transport/events_application_key": "text"}
_CELERY: dict[str, Kind] = {"transport/celery-queue": "text"}
_REDIS: dict[str, Kind] = {
    "redis/host": "host",
    "redis/port": "number",
    "redis/prefix": "text",
    "redis/secure": "flag",
}
_CACHE: dict[str, Kind] = {"cache/host": "host", "cache/port": "number"}
_DATABASE: dict[str, Kind] = {
    "db/host": "host",
    "db/port": "number",
    "db/username": "text",
    "db/database": "text",
    "db/enable_logs": "flag",
}
_STORAGE: dict[str, Kind] = {"minio/endPoint": "host", "minio/port": "number", "minio/useSSL": "flag"}
_REPLAYS: dict[str, Kind] = {"minio/bucketNames/replays": "text"}
_IMAGES: dict[str, Kind] = {"minio/bucketNames/image_generation": "text"}
_SIGN_IN: dict[str, Kind] = {
    "auth/google/callbackUrl": "url",
    "auth/discord/callbackUrl": "url",
    "auth/jwt_expiry": "duration",
    "auth/access_expiry": "duration",
    "auth/refresh_expiry": "duration",
    "auth/frontend_callback": "url",
}

_REDIS_PASSWORD = {f"{SECRETS}/redis-password.txt": "redis-password"}
_STORAGE_KEYS = {
    f"{SECRETS}/minio-access.txt": "s3-access-key",
    f"{SECRETS}/minio-secret.txt": "s3-secret-key",
}
_NODE = {"NODE_ENV=production": "it would read another settings file, and show errors to browsers"}

PROGRAMS: dict[str, Program] = {
    "core": Program(
        keys={
            **_BROKER, **_EVENTS, **_CELERY, **_REDIS, **_CACHE, **_DATABASE, **_STORAGE, **_REPLAYS, **_IMAGES,
            **_SIGN_IN, "web/url": "url", "web/api_root": "url", "bot/prefix": "text", "gql/playground": "flag",
            "defaultOrganizationId": "number",
        },
        secrets={
            **_REDIS_PASSWORD, **_STORAGE_KEYS,
            f"{SECRETS}/db-password.txt": "database-password",
            f"{SECRETS}/jwtSecret.txt": "jwt-key",
            f"{SECRETS}/googleClientId.txt": "google-client-id",
            f"{SECRETS}/googleSecret.txt": "google-secret",
            f"{SECRETS}/discord-client.txt": "discord-client-id",
            f"{SECRETS}/discord-secret.txt": "discord-secret",
        },
        consumes="transport/core_queue",
        variables=_NODE,
    ),
    "discord-bot": Program(
        keys={**_BROKER, **_EVENTS, **_STORAGE, **_IMAGES, "bot/prefix": "text"},
        secrets={**_STORAGE_KEYS, f"{SECRETS}/bot-token.txt": "discord-bot-token"},
        consumes="transport/bot_queue",
        variables=_NODE,
    ),
    "matchmaking-service": Program(
        keys={**_BROKER, **_EVENTS, **_REDIS},
        secrets=_REDIS_PASSWORD,
        consumes="transport/matchmaking_queue",
        variables=_NODE,
    ),
    "submission-service": Program(
        keys={**_BROKER, **_EVENTS, **_CELERY, **_REDIS, **_STORAGE, **_REPLAYS},
        secrets={**_REDIS_PASSWORD, **_STORAGE_KEYS},
        consumes="transport/submission_queue",
        variables=_NODE,
    ),
    "notification-service": Program(
        keys={**_BROKER, **_EVENTS, **_REDIS, **_IMAGES, "web/url": "url"},
        secrets=_REDIS_PASSWORD,
        consumes="transport/notification_queue",
        variables=_NODE,
    ),
    "server-analytics-service": Program(
        keys={**_BROKER, "influx/address": "url", "influx/org": "text", "influx/bucket": "text"},
        secrets={f"{SECRETS}/influx-token": "influxdb-token"},
        consumes="transport/analytics_queue",
        variables=_NODE,
    ),
    "image-generation-service": Program(
        keys={**_BROKER, **_STORAGE, **_IMAGES},
        secrets=_STORAGE_KEYS,
        consumes="transport/image_generation_queue",
        variables=_NODE,
    ),
    "image-generation-frontend": Program(
        settings="/app/src/config.json",
        keys={
            "minio/endpoint": "host", "minio/port": "number", "minio/bucket": "text", "minio/ssl": "flag",
            "knex/host": "host", "knex/port": "number", "knex/user": "text", "knex/database": "text",
            "transport/url": "url", "transport/image_generation_queue": "text",
        },
        secrets={**_STORAGE_KEYS, f"{SECRETS}/db-secret.txt": "database-password"},
        variables=_NODE,
    ),
    "replay-parse-service": Program(
        keys={
            "celery/broker": "url", "celery/backend": "url", "celery/queue": "text", "transport/url": "url",
            "transport/analytics_queue": "text", "transport/celery-queue": "text", "minio/hostname": "host:port",
            "minio/bucket": "text", "minio/secure": "flag", "minio/parsed_object_prefix": "text",
            "ballchasing/maxRetries": "number", "tempDir": "text", "parser": "text", "disableCache": "flag",
        },
        secrets=_STORAGE_KEYS,
        consumes="celery/queue",
        variables={"ENV=production": "it would read the settings that its image was built with"},
        python=True,
    ),
    "web": Program(
        settings="/app/clients/web/config/production.json",
        keys={"client/gqlUrl": "host", "client/secure": "flag", "client/chatwoot/enabled": "flag"},
        variables={
            **_NODE,
            "NODE_CONFIG_DIR=/app/clients/web/config": "none of its settings would be found",
        },
    ),
    "migration": Program(
        settings="/app/core/config/production.json",
        keys=_DATABASE,
        secrets={"/app/core/secret/db-password.txt": "database-password"},
        variables=_NODE,
    ),
}  # fmt: skip
"""By short name. elo-service is none of them: its source is private."""
