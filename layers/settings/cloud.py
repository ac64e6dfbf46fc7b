"""The cloud under the services: what is ordered from DigitalOcean, and who may reach it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..errors import SettingsError
from ..names import S3_BUCKET
from .address_range import AddressRange, PrivateRange
from .digitalocean import Region
from .form import Form, dashed
from .model import DatabaseName, Email, HostName, Label, Settings
from .public_key import SUPPLIED, PublicKey, ssh_key_variable

__all__ = [
    "SUPPLIED",
    "Cloud",
    "CloudAlerts",
    "ConnectionPool",
    "ManagedDatabase",
    "NodeAccess",
    "SpacesBuckets",
    "ssh_key_variable",
]

Gibibytes = Annotated[int, Field(ge=1, le=16384, description="GiB")]


class NodeAccess(Settings):
    """The way that people and CI take to the nodes: an allow-list for SSH, a private mesh, or both during a migration."""

    ssh_from: tuple[AddressRange, ...] = Field(
        default=(), strict=False, description="addresses that may reach port 22"
    )
    tailscale: bool = Field(
        default=False,
        description="managers join a Tailscale network, each with a supplied one-off key (TF_VAR_tailscale_key_<pool>_<number>), and offer it "
        "the private network; without ssh_from there is no public SSH at all, and swarm.<domain> has a private address",
    )

    @model_validator(mode="after")
    def _some_way(self) -> "NodeAccess":
        if not self.ssh_from and not self.tailscale:
            raise SettingsError.of(
                "has no way to reach the nodes", fix="list addresses under ssh_from, or set tailscale to true"
            )
        return self

    @property
    def is_private(self) -> bool:
        """Whether the mesh is the only way, so that the managers' name must lead to where it does."""
        return self.tailscale and not self.ssh_from


class ManagedDatabase(Settings):
    """A Postgres cluster that DigitalOcean runs. Roles are made by the services' own keeper."""

    size: Annotated[
        str,
        Form(
            what="a size of a managed database",
            pattern=r"(db|gd|so1_5|m3|m)-[a-z0-9-]+",
            allowed="a slug of `doctl databases options slugs --engine pg`",
            example="db-s-1vcpu-1gb",
            corrected=lambda text: f"db-{text}" if text.startswith("s-") else text.lower(),
        ),
    ] = Field(description="such as db-s-1vcpu-1gb")
    nodes: int = Field(default=1, ge=1, le=3, description="1, or with standby nodes 2 or 3")
    version: Literal["14", "15", "16", "17", "18"] = Field(description="major version of Postgres, in quotes")
    databases: tuple[DatabaseName, ...] = Field(
        default=(), strict=False, description="made by Terraform, which then never drops them"
    )
    users: tuple[DatabaseName, ...] = Field(
        default=(), strict=False, description="further logins, with passwords that DigitalOcean chooses"
    )
    pools: dict[Label, "ConnectionPool"] = Field(
        default_factory=dict, description="PgBouncer in front of a database, by name"
    )

    @model_validator(mode="after")
    def _pools_exist(self) -> "ManagedDatabase":
        for name, pool in self.pools.items():
            if pool.database not in self.databases or pool.user not in (*self.users, "doadmin"):
                raise SettingsError.of(
                    f"is for user {pool.user} on database {pool.database}",
                    fix="list both under users and databases",
                    setting=f"pools/{name}",
                )
        return self


class ConnectionPool(Settings):
    """Connections that clients share."""

    database: DatabaseName
    user: DatabaseName
    size: int = Field(default=10, ge=1, le=97, description="connections to the server")
    mode: Literal["transaction", "session", "statement"] = "transaction"


class SpacesBuckets(Settings):
    """Buckets on Spaces. Those of the application are named by its instances (``bucket_prefix``)."""

    backups: Annotated[
        str, Form.of(S3_BUCKET, what="a bucket name", example="sprocket-prod-backups", corrected=dashed)
    ] = Field(description="bucket for backups; its name is unique in all of DigitalOcean's region")
    region: Region | None = Field(default=None, description="default: the cloud's region")
    keep_deleted_days: int = Field(
        default=30, ge=1, description="days that an overwritten or deleted object can be brought back"
    )


class CloudAlerts(Settings):
    """Who is told when a node or a page is in trouble, by mail from DigitalOcean."""

    email: Email = Field(description="must be verified with the DigitalOcean team")
    cpu: int = Field(default=90, ge=1, le=100, description="percent, for five minutes")
    memory: int = Field(default=90, ge=1, le=100, description="percent, for five minutes")
    disk: int = Field(default=80, ge=1, le=100, description="percent, for five minutes")


KNOWN_IMAGE = "debian-12-x64"
"""The image whose engine's version is the default."""


class Cloud(Settings):
    """Everything that the cloud stack orders. Sizes and counts of nodes are in ``nodes``."""

    region: Region = Field(description="such as nyc3; moving to another one is a migration, not an edit")
    image: Annotated[
        str,
        Form(
            what="an image for nodes",
            pattern=r"debian-1[2-9]-x64|ubuntu-2[24]-04-x64|[0-9]{1,20}",
            allowed="Debian from 12 on, Ubuntu 22.04 or 24.04, or the number of an image of your own in quotes",
            example=KNOWN_IMAGE,
        ),
    ] = Field(
        default=KNOWN_IMAGE,
        description="slug of the system for new nodes; nodes that exist keep theirs",
    )
    vpc_range: PrivateRange = Field(description="private network of the nodes; cannot be changed later")
    zone: HostName = Field(description="DNS zone in this account that domain is in")
    zone_is_ours: bool = Field(
        default=False,
        description="true: this stack makes the zone; false: it is there, only records are added",
    )
    ssh_keys: dict[Label, PublicKey] = Field(
        min_length=1,
        description="public keys of operators and CI, by their names, for the user deploy; supplied: given as TF_VAR_ssh_key_<name>",
    )
    access: NodeAccess
    ingress_pool: Label = Field(description="pool of the one node that has the public address")
    volumes: dict[Label, Gibibytes] = Field(description="GiB for each store of the environment")
    database: ManagedDatabase | None = Field(
        default=None, description="exactly when data/postgres/where is managed"
    )
    spaces: SpacesBuckets
    droplet_backups: Literal["none", "weekly", "daily"] = Field(
        default="none",
        description="of the nodes' own disks; stores are on volumes and have backups of their own",
    )
    monitoring: bool = Field(default=True, description="DigitalOcean's agent on new nodes; alerts need it")
    alerts: CloudAlerts | None = None
    engine_version: (
        Annotated[
            str,
            Form(
                what="a version of the engine's package",
                pattern=r"[0-9][0-9a-zA-Z.+~:*-]{0,60}",
                allowed="a version, or its beginning and *",
                example="26.1.*",
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="version of the engine's package, such as 26.1.*; default: the one of Debian 12, so another image needs it",
    )

    @model_validator(mode="after")
    def _engine_is_known(self) -> "Cloud":
        if self.image != KNOWN_IMAGE and self.engine_version is None:
            raise SettingsError.of(
                f"is missing, and image is {self.image}; only {KNOWN_IMAGE} has one that is known here",
                fix="say which the other's docker.io package has, such as 26.1.*",
                setting="engine_version",
            )
        return self

    @model_validator(mode="after")
    def _alerts_can_see(self) -> "Cloud":
        if self.alerts and not self.monitoring:
            raise SettingsError.of(
                "need the agent that monitoring installs",
                fix="set monitoring to true or remove alerts",
                setting="alerts",
            )
        return self
