"""The stores and the collectors."""

from typing import Literal

from pydantic import Field, model_validator

from ..errors import SettingsError
from .model import HostName, Label, Port, Settings


class Postgres(Settings):
    """The relational database: in the swarm, or managed by DigitalOcean."""

    where: Literal["swarm", "managed"]
    host: HostName | None = Field(
        default=None,
        description="of the managed database; in the swarm it is always `postgres` (core's TLS rule)",
    )
    port: Port = Field(default=5432, description="DigitalOcean's managed databases use 25060")

    @model_validator(mode="after")
    def _managed_has_a_host(self) -> "Postgres":
        if (self.where == "managed") != (self.host is not None):
            raise SettingsError.of(
                "a managed database needs a host, one in the swarm must not have one",
                fix="set host or change where",
            )
        return self


class ObjectStorage(Settings):
    """The S3 API for replays and images: MinIO in the swarm, or DigitalOcean Spaces."""

    kind: Literal["minio", "spaces"]
    endpoint: HostName | None = Field(
        default=None, description="of Spaces, such as nyc3.digitaloceanspaces.com"
    )

    @model_validator(mode="after")
    def _spaces_has_an_endpoint(self) -> "ObjectStorage":
        if (self.kind == "spaces") != (self.endpoint is not None):
            raise SettingsError.of(
                "spaces needs an endpoint, minio must not have one", fix="set endpoint or change kind"
            )
        return self


class InfluxDB(Settings):
    organization: Label = "sprocket"
    retention_days: int = Field(default=30, ge=1, le=3650, description="after that metrics are dropped")


class Loki(Settings):
    retention_days: int = Field(default=14, ge=1, le=3650, description="after that log lines are dropped")


class Grafana(Settings):
    database: Literal["volume", "postgres"] = Field(
        default="volume", description="sqlite on its volume, or a database of its own"
    )
    alerts: Literal["none", "discord"] = Field(
        default="none",
        description="where alerts go; discord: to a channel, by the supplied secret alerts-webhook",
    )


class Data(Settings):
    """The data layer."""

    postgres: Postgres
    object_storage: ObjectStorage
    influxdb: InfluxDB = InfluxDB()
    loki: Loki = Loki()
    grafana: Grafana = Grafana()
