"""The application: which line of images, and how many instances of it."""

from typing import Annotated, Literal

from pydantic import Field

from ..names import INFLUXDB_BUCKET
from .form import Form
from .model import DatabaseName, HostName, Label, Settings

LogLevel = Literal["error", "warn", "log", "debug", "verbose"]


class RegistryLogin(Settings):
    """Login for the application's images; the token is the supplied secret ``registry-token``."""

    registry: str = Field(min_length=1, max_length=253, description="such as ghcr.io")
    user: str = Field(min_length=1, max_length=100)


class Chatwoot(Settings):
    """The chat widget of the web page. The HMAC key is the supplied secret ``chatwoot-hmac-key``."""

    url: Annotated[
        str,
        Form(
            what="the URL of a chat",
            pattern=r"https://[^\s/]+(/[^\s]*)?",
            allowed="a URL that begins with https://",
            example="https://chat.example.com",
        ),
    ]
    website_token: str = Field(min_length=1)


class Instance(Settings):
    """One whole application: its own hosts, queues, key prefix, database, buckets and keys.

    What is not given is derived from the instance's name, so that two instances differ in all of it.
    """

    host: HostName = Field(
        description="of the web page; the API is at api.<host> unless api_host says otherwise"
    )
    aliases: tuple[HostName, ...] = Field(
        default=(),
        strict=False,
        description="further hosts of the web page, such as www.<host>; browsers are sent to host for good, path and query stay",
    )
    api_host: HostName | None = None
    image_generation_host: HostName | None = Field(
        default=None,
        description="of the editor for report cards, an admin page, so below admin.<domain>; default: image-generation there, "
        "with the instance's name before it where there are several",
    )
    elo_host: HostName | None = Field(
        default=None,
        description="of elo-service, an admin page, so below admin.<domain>; default: it has no page",
    )
    organization_id: int = Field(default=2, ge=1, le=2_147_483_647, description="DEFAULT_ORGANIZATION_ID")
    bot_prefix: str = Field(default="s.", min_length=1, max_length=8)
    log_levels: tuple[LogLevel, ...] = Field(default=("error", "warn", "log"), min_length=1, strict=False)
    queue_prefix: Label | None = None
    redis_prefix: Label | None = None
    database: DatabaseName | None = None
    bucket_prefix: Label | None = None
    influx_bucket: (
        Annotated[str, Form.of(INFLUXDB_BUCKET, what="a bucket for InfluxDB", example="sprocket_main")] | None
    ) = None
    web_replicas: int = Field(default=1, ge=1, le=10)
    parser_replicas: int = Field(default=1, ge=1, le=10)
    image_generation_frontend: bool = Field(
        default=True, description="the editor for report cards; it cannot reach a database that demands TLS"
    )
    elo: bool = Field(
        default=False,
        description="elo-service with its dgraph; no image of it is published: name your own under images/overrides",
    )
    chatwoot: Chatwoot | None = None


class Platform(Settings):
    """The platform layer."""

    line: Label = Field(
        default="rabbitmq",
        description="line of application images in the lock: rabbitmq is the last one before queues moved to Postgres",
    )
    login: RegistryLogin | None = None
    instances: dict[Label, Instance] = Field(min_length=1)
