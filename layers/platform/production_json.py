"""The configuration file of the Node services, ``/app/config/production.json``, in typed sections.

Keys are those of the application's config.ts at commit f0abc12b. A section that a service does not read is left out, so
that its file shows what it depends on. Secret values are not here but in files of their own, except the broker's URL,
which the application takes whole.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..rendering import to_json

Seconds = Annotated[str, Field(pattern=r"^\d+(s|m|h|d)$")]
"""A time with its unit: a bare number in text would be read as milliseconds by the JWT library."""


class Section(BaseModel):
    """Part of a file: immutable, no unknown keys, no silent conversion (a port in quotes stays text)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def render(self) -> str:
        """The section as JSON, one key a line, so that a changed setting is one line in the plan."""
        return to_json(self.model_dump(mode="json", by_alias=True, exclude_none=True))


class Logger(Section):
    """``levels`` as a JSON array; a text such as ``error,warn`` would silently mean the default three."""

    levels: tuple[str, ...]


class Transport(Section):
    """RabbitMQ: every Node service reads the URL and all names of queues at start, whichever of them it uses.

    Args:
        events_application_key: part of the names of the queues that events arrive in. One per service: two with the
            same key would take each other's events.
        celery_queue: where parse tasks go; for services that send them.
    """

    url: str
    core_queue: str
    bot_queue: str
    analytics_queue: str
    matchmaking_queue: str
    notification_queue: str
    image_generation_queue: str
    submission_queue: str
    events_queue: str
    events_application_key: str | None = None
    celery_queue: str | None = Field(default=None, serialization_alias="celery-queue")


class Database(Section):
    """Postgres. Core speaks plaintext to a host called ``postgres`` or ``localhost`` and TLS to any other."""

    host: str
    port: int
    username: str
    database: str
    enable_logs: bool = False


class Redis(Section):
    """Redis; ``prefix`` starts every key."""

    host: str
    port: int
    prefix: str
    secure: bool = False


class Cache(Section):
    """The cache of the GraphQL server: the same Redis. Core does not fall back to ``redis`` when it is missing."""

    host: str
    port: int
    secure: bool = False


class BucketNames(Section):
    """Buckets by what they are for."""

    replays: str | None = None
    image_generation: str | None = None


class Buckets(Section):
    """For a service that only names a bucket to others."""

    bucket_names: BucketNames = Field(serialization_alias="bucketNames")


class Minio(Section):
    """The S3 API: host without scheme, port as a number."""

    end_point: str = Field(serialization_alias="endPoint")
    port: int
    use_ssl: bool = Field(serialization_alias="useSSL")
    bucket_names: BucketNames = Field(serialization_alias="bucketNames")


class Callback(Section):
    """Where an identity provider sends people back to; registered there by hand."""

    callback_url: str = Field(serialization_alias="callbackUrl")


class Auth(Section):
    """Signing in, and how long it holds."""

    google: Callback
    discord: Callback
    jwt_expiry: Seconds
    access_expiry: Seconds
    refresh_expiry: Seconds
    frontend_callback: str


class WebAddress(Section):
    """The addresses people use; ``url`` is the origin that browsers send."""

    url: str
    api_root: str | None = None


class GraphQL(Section):
    """The playground would be open to the internet, and introspection with it."""

    playground: bool = False


class Bot(Section):
    """What a message to the bot starts with."""

    prefix: str


class Influx(Section):
    """InfluxDB; readable by this file only, no variable exists for it."""

    address: str
    org: str
    bucket: str


class ProductionJson(Section):
    """The whole file; ``None`` leaves a section out."""

    logger: Logger | None = None
    transport: Transport | None = None
    db: Database | None = None
    redis: Redis | None = None
    cache: Cache | None = None
    minio: Minio | Buckets | None = None
    auth: Auth | None = None
    web: WebAddress | None = None
    gql: GraphQL | None = None
    bot: Bot | None = None
    influx: Influx | None = None
    default_organization_id: int | None = Field(default=None, serialization_alias="defaultOrganizationId")
