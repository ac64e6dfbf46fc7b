"""What each service of the application reads, against what its program demands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from layers.platform.production_json import Auth, Callback, Database, ProductionJson
from tests.stacks.synthesis import altered, built, declared, json_at, service, text_at, with_ratings

SETTINGS = "/app/config/production.json"

TRANSPORT = {
    f"transport.{key}"
    for key in (
        *("url", "core_queue", "bot_queue", "analytics_queue", "matchmaking_queue", "notification_queue"),
        *("image_generation_queue", "submission_queue", "events_queue"),
    )
}
EVENTS = {"transport.events_application_key"}
CELERY = {"transport.celery-queue"}
REDIS = {"redis.host", "redis.port", "redis.prefix", "redis.secure"}
MINIO = {"minio.endPoint", "minio.port", "minio.useSSL"}
REPLAYS, IMAGES = {"minio.bucketNames.replays"}, {"minio.bucketNames.image_generation"}
DATABASE = {"db.host", "db.port", "db.username", "db.database", "db.enable_logs"}
LOGGER = {"logger.levels"}

KEYS = {
    "core": LOGGER | TRANSPORT | EVENTS | CELERY | REDIS | MINIO | REPLAYS | IMAGES | DATABASE
    | {"cache.host", "cache.port", "cache.secure", "bot.prefix", "gql.playground", "defaultOrganizationId"}
    | {"auth.google.callbackUrl", "auth.discord.callbackUrl", "auth.frontend_callback", "web.url", "web.api_root"}
    | {"auth.jwt_expiry", "auth.access_expiry", "auth.refresh_expiry"},
    "discord-bot": LOGGER | TRANSPORT | EVENTS | MINIO | IMAGES | {"bot.prefix"},
    "notification-service": LOGGER | TRANSPORT | EVENTS | REDIS | IMAGES | {"web.url"},
    "image-generation-service": LOGGER | TRANSPORT | MINIO | IMAGES,
    "server-analytics-service": LOGGER | TRANSPORT | {"influx.address", "influx.org", "influx.bucket"},
    "matchmaking-service": LOGGER | TRANSPORT | EVENTS | REDIS,
    "submission-service": LOGGER | TRANSPORT | EVENTS | CELERY | REDIS | MINIO | REPLAYS,
}  # fmt: skip

S3 = {"minio-access.txt": "s3-access-key", "minio-secret.txt": "s3-secret-key"}
FILES = {
    "core": {
        **S3,
        "db-password.txt": "database-password",
        "redis-password.txt": "redis-password",
        "jwtSecret.txt": "jwt-key",
        "googleClientId.txt": "google-client-id",
        "googleSecret.txt": "google-secret",
        "discord-client.txt": "discord-client-id",
        "discord-secret.txt": "discord-secret",
    },
    "web": {},
    "discord-bot": {**S3, "bot-token.txt": "discord-bot-token"},
    "image-generation-frontend": {**S3, "db-secret.txt": "database-password"},
    "notification-service": {"redis-password.txt": "redis-password"},
    "image-generation-service": S3,
    "server-analytics-service": {"influx-token": "influxdb-token"},
    "matchmaking-service": {"redis-password.txt": "redis-password"},
    "submission-service": {**S3, "redis-password.txt": "redis-password"},
    "replay-parse-service": S3,
}
"""Files below /app/secret, and the value in each."""


def keys_of(value: Any, path: str = "") -> Iterator[str]:
    if not isinstance(value, dict):
        yield path
        return
    for key, inner in value.items():
        yield from keys_of(inner, f"{path}.{key}" if path else key)


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_node_service_gets_exactly_the_keys_it_reads(name: str) -> None:
    assert set(keys_of(json_at(declared("local"), name, SETTINGS))) == KEYS[name]


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_service_gets_exactly_the_secret_files_it_reads(name: str) -> None:
    mounts = service(declared("local"), name).wiring.files
    found = {mount.at: mount.file.text for mount in mounts if mount.at.startswith("/app/secret/")}
    # Nothing around the value: the token of InfluxDB is sent with every character of its file.
    assert found == {f"/app/secret/{file}": f"@@secret:{value}@@" for file, value in FILES[name].items()}


CORE = {
    "logger": {"levels": ["error", "warn", "log"]},
    "transport": {
        "url": "amqp://sprocket:@@secret:rabbitmq-password@@@rabbitmq:5672?heartbeat=60&frameMax=131072",
        "core_queue": "main-core",
        "bot_queue": "main-bot",
        "analytics_queue": "main-analytics",
        "matchmaking_queue": "main-matchmaking",
        "notification_queue": "main-notifications",
        "image_generation_queue": "main-image-generation",
        "submission_queue": "main-submission",
        "events_queue": "main-events",
        "events_application_key": "main-core",
        "celery-queue": "main-celery",
    },
    "db": {
        "host": "postgres",
        "port": 5432,
        "username": "sprocket_main",
        "database": "sprocket_main",
        "enable_logs": False,
    },
    "redis": {"host": "redis", "port": 6379, "prefix": "main", "secure": False},
    "cache": {"host": "redis", "port": 6379, "secure": False},
    "minio": {
        "endPoint": "minio",
        "port": 9000,
        "useSSL": False,
        "bucketNames": {
            "replays": "sprocket-main-replays",
            "image_generation": "sprocket-main-image-generation",
        },
    },
    "auth": {
        "google": {"callbackUrl": "https://api.sprocket.localhost/authentication/google/login"},
        "discord": {"callbackUrl": "https://api.sprocket.localhost/login"},
        "jwt_expiry": "200m",
        "access_expiry": "6h",
        "refresh_expiry": "7d",
        "frontend_callback": "https://sprocket.localhost/auth/callback",
    },
    "web": {"url": "https://sprocket.localhost", "api_root": "https://api.sprocket.localhost"},
    "gql": {"playground": False},
    "bot": {"prefix": "s."},
    "defaultOrganizationId": 2,
}
"""Core's file in full, for the local environment."""


def test_core_in_full() -> None:
    assert json_at(declared("local"), "core", SETTINGS) == CORE


def test_web_in_full() -> None:
    assert json_at(declared("local"), "web", "/app/clients/web/config/production.json") == {
        "client": {
            "gqlUrl": "api.sprocket.localhost",
            "secure": True,
            "chatwoot": {"enabled": False, "url": "", "websiteToken": ""},
        },
        "server": {},
    }


def test_web_with_a_chat_reads_its_key() -> None:
    chat = {"url": "https://chat.example.org", "website_token": "abc"}
    stack = built(altered("local", lambda doc: doc["platform"]["instances"]["main"].update(chatwoot=chat)))
    page = json_at(stack, "web", "/app/clients/web/config/production.json")
    assert page["client"]["chatwoot"] == {"enabled": True, "url": chat["url"], "websiteToken": "abc"}
    assert text_at(stack, "web", "/app/secret/chatwoot-hmac-key.txt") == "@@secret:chatwoot-hmac-key@@"


def test_replay_parse_service_in_full() -> None:
    url = "amqp://sprocket:@@secret:rabbitmq-password@@@rabbitmq:5672?heartbeat=60"
    assert json_at(declared("local"), "replay-parse-service", SETTINGS) == {
        "celery": {
            "broker": url,
            "backend": "redis://:@@secret:redis-password@@@redis:6379",
            "queue": "main-celery",
        },
        "transport": {"url": url, "analytics_queue": "main-analytics", "celery-queue": "main-celery"},
        "minio": {
            "hostname": "minio:9000",
            "bucket": "sprocket-main-replays",
            "parsed_object_prefix": "main",
            "accessKey": "@@secret:s3-access-key@@",
            "secure": False,
        },
        "ballchasing": {"maxRetries": 7, "backoffFactor": 4},
        "tempDir": "/tmp",
        "parser": "carball",
        "disableCache": False,
    }


def test_image_generation_frontend_in_full() -> None:
    assert json_at(declared("local"), "image-generation-frontend", "/app/src/config.json") == {
        "minio": {
            "endpoint": "minio",
            "port": 9000,
            "bucket": "sprocket-main-image-generation",
            "ssl": False,
        },
        "knex": {
            "host": "postgres",
            "port": 5432,
            "user": "sprocket_main",
            "database": "sprocket_main",
            "enable_logs": False,
            "ssl": False,
        },
        "transport": {
            "url": "amqp://sprocket:@@secret:rabbitmq-password@@@rabbitmq:5672?heartbeat=60&frameMax=131072",
            "image_generation_queue": "main-image-generation",
        },
    }


def test_elo_service_gets_its_variables_from_a_secret_file() -> None:
    stack = built(altered("local", with_ratings))
    lines = dict(
        line.split("=", 1) for line in text_at(stack, "elo-service", "/app/secret/elo.env").splitlines()
    )
    assert lines["DGRAPH_DATABASE_URL"] == "'dgraph-alpha:9080'"
    assert lines["REDIS_PREFIX"] == "'main'"
    assert "@@secret:rabbitmq-password@@" in lines["TRANSPORT_URL"]
    assert service(stack, "elo-service").wiring.environment == {"NODE_ENV": "production"}
    assert text_at(stack, "elo-service", "/app/secret/dgraph-api-key.txt") == "@@secret:dgraph-api-key@@"


def test_a_managed_database_is_where_core_and_migration_look() -> None:
    stack = declared("prod")
    expected = {"host": "db.sprocket.mlesports.gg", "port": 25060}
    for name, path in (("core", SETTINGS), ("migration", "/app/core/config/production.json")):
        db = json_at(stack, name, path)["db"]
        assert {key: db[key] for key in expected} == expected
    assert "DB_SSL='true'\n" in text_at(stack, "migration", "/app/core/migration.env")


def test_a_database_in_the_swarm_is_spoken_to_in_plaintext() -> None:
    assert "DB_SSL='false'\n" in text_at(declared("local"), "migration", "/app/core/migration.env")


def test_spaces_is_spoken_to_by_tls_on_its_own_port() -> None:
    def spaces(document: dict[str, Any]) -> None:
        endpoint = "nyc3.digitaloceanspaces.com"
        document["data"]["object_storage"] = {"kind": "spaces", "endpoint": endpoint}

    stack = built(altered("prod", spaces))
    minio = json_at(stack, "core", SETTINGS)["minio"]
    assert (minio["endPoint"], minio["port"], minio["useSSL"]) == ("nyc3.digitaloceanspaces.com", 443, True)
    parser = json_at(stack, "replay-parse-service", SETTINGS)["minio"]
    assert (parser["hostname"], parser["secure"]) == ("nyc3.digitaloceanspaces.com:443", True)


def test_log_levels_are_those_of_the_instance() -> None:
    stack = declared("staging")
    for instance, levels in (
        ("dev", ["error", "warn", "log", "debug"]),
        ("staging", ["error", "warn", "log"]),
    ):
        assert json_at(stack, f"{instance}-core", SETTINGS)["logger"]["levels"] == levels


def test_a_port_in_quotes_is_refused() -> None:
    with pytest.raises(ValidationError, match="valid integer"):
        Database(host="postgres", port="5432", username="a", database="a")  # type: ignore[arg-type]


def test_a_lifetime_without_a_unit_is_refused() -> None:
    here = Callback(callback_url="https://api.example.org/login")
    with pytest.raises(ValidationError, match="jwt_expiry"):
        Auth(
            google=here,
            discord=here,
            jwt_expiry="12000",
            access_expiry="6h",
            refresh_expiry="7d",
            frontend_callback="https://example.org/auth/callback",
        )


def test_a_section_that_is_not_given_is_not_written() -> None:
    assert json.loads(ProductionJson(default_organization_id=2).render()) == {"defaultOrganizationId": 2}
