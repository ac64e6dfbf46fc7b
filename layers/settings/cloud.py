"""The cloud under the services: what is ordered from DigitalOcean, and who may reach it."""

import re
from ipaddress import IPv4Network, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from .model import HostName, Label, Settings

TAKEN_RANGES = {
    "10.200.0.0/16": "the swarm's overlay networks",
    "172.17.0.0/16": "the engine's default bridge",
    "172.18.0.0/16": "the engine's docker_gwbridge",
    "10.244.0.0/16": "DigitalOcean itself",
    "10.245.0.0/16": "DigitalOcean itself",
    "10.246.0.0/24": "DigitalOcean itself",
    "10.229.0.0/16": "DigitalOcean itself",
}
"""Addresses that a private network must leave alone, and whose they are."""


SUPPLIED = "supplied"
"""Written in place of a public key that is given as a variable: see :func:`ssh_key_variable`."""


def ssh_key_variable(name: str) -> str:
    """The Terraform variable that gives the supplied key of that name."""
    return f"ssh_key_{name.replace('-', '_')}"


def _public_key(text: str) -> str:
    if text == SUPPLIED:
        return text
    kind, _, rest = text.partition(" ")
    if (
        kind not in ("ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ssh-rsa", "ecdsa-sha2-nistp256")
        or not rest
    ):
        raise ValueError(
            "is not the public half of an SSH key; paste the one line of ~/.ssh/id_ed25519.pub, "
            "or write supplied and give it as TF_VAR_ssh_key_<name>"
        )
    return text


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError as error:
        raise ValueError(f"{error}; write the first address and the length, such as 203.0.113.0/24") from None
    return text


def _private_network(text: str) -> str:
    _network(text)
    network = ip_network(text)
    if not isinstance(network, IPv4Network) or not network.is_private or not 16 <= network.prefixlen <= 28:
        raise ValueError(f"{text} is not a private IPv4 network of /16 to /28; use one such as 10.124.0.0/20")
    for taken, owner in TAKEN_RANGES.items():
        if network.overlaps(IPv4Network(taken)):
            raise ValueError(
                f"{text} overlaps {taken}, which belongs to {owner}; use one such as 10.124.0.0/20"
            )
    return text


PublicKey = Annotated[str, AfterValidator(_public_key)]
Network = Annotated[str, AfterValidator(_network)]
Gibibytes = Annotated[int, Field(ge=1, le=16384)]


class NodeAccess(Settings):
    """The way that people and CI take to the nodes: an allow-list for SSH, a private mesh, or both while one takes over."""

    ssh_from: tuple[Network, ...] = Field(
        default=(), strict=False, description="addresses that may reach port 22"
    )
    tailscale: bool = Field(
        default=False,
        description="nodes join a Tailscale network with the supplied secret tailscale-key, and managers offer it the "
        "private network; without ssh_from there is no public SSH at all, and swarm.<domain> has a private address",
    )

    @model_validator(mode="after")
    def _some_way(self) -> "NodeAccess":
        if not self.ssh_from and not self.tailscale:
            raise ValueError(
                "needs a way to the nodes; list addresses under ssh_from, or set tailscale to true"
            )
        return self

    @property
    def is_private(self) -> bool:
        """Whether the mesh is the only way, so that the managers' name must lead to where it does."""
        return self.tailscale and not self.ssh_from


class ManagedDatabase(Settings):
    """A Postgres cluster that DigitalOcean runs. Roles are made by the services' own keeper."""

    size: str = Field(pattern=r"^(db|gd|so1_5|m3|m)-[a-z0-9-]+$", description="such as db-s-1vcpu-1gb")
    nodes: int = Field(default=1, ge=1, le=3, description="1, or with standby nodes 2 or 3")
    version: Literal["14", "15", "16", "17", "18"] = Field(description="major version of Postgres, in quotes")
    databases: tuple[Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")], ...] = Field(
        default=(), strict=False, description="made by Terraform, which then never drops them"
    )
    users: tuple[Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")], ...] = Field(
        default=(), strict=False, description="further logins, with passwords that DigitalOcean chooses"
    )
    pools: dict[Label, "ConnectionPool"] = Field(
        default_factory=dict, description="PgBouncer in front of a database, by name"
    )

    @model_validator(mode="after")
    def _pools_exist(self) -> "ManagedDatabase":
        for name, pool in self.pools.items():
            if pool.database not in self.databases or pool.user not in (*self.users, "doadmin"):
                raise ValueError(
                    f"pools/{name} is for user {pool.user} on database {pool.database}; list both under users and databases"
                )
        return self


class ConnectionPool(Settings):
    """Connections that clients share."""

    database: str
    user: str
    size: int = Field(default=10, ge=1, le=97, description="connections to the server")
    mode: Literal["transaction", "session", "statement"] = "transaction"


class SpacesBuckets(Settings):
    """Buckets on Spaces. Those of the application are named by its instances (``bucket_prefix``)."""

    backups: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$",
        description="bucket for backups; its name is unique in all of DigitalOcean's region",
    )
    region: Label | None = Field(default=None, description="default: the cloud's region")
    keep_deleted_days: int = Field(
        default=30, ge=1, description="days that an overwritten or deleted object can be brought back"
    )


class CloudAlerts(Settings):
    """Who is told when a node or a page is in trouble, by mail from DigitalOcean."""

    email: str = Field(
        pattern=r"^[^@\s]+@[^@\s]+$", description="must be verified with the DigitalOcean team"
    )
    cpu: int = Field(default=90, ge=1, le=100, description="percent, for five minutes")
    memory: int = Field(default=90, ge=1, le=100, description="percent, for five minutes")
    disk: int = Field(default=80, ge=1, le=100, description="percent, for five minutes")


KNOWN_IMAGE = "debian-12-x64"
"""The image whose engine's version is the default."""


class Cloud(Settings):
    """Everything that the cloud stack orders. Sizes and counts of nodes are in ``nodes``."""

    region: Label = Field(description="such as nyc3; moving to another one is a migration, not an edit")
    image: str = Field(
        default=KNOWN_IMAGE,
        pattern=r"^(debian-1[2-9]-x64|ubuntu-2[24]-04-x64|[0-9]+)$",
        description="slug of the system for new nodes; nodes that exist keep theirs",
    )
    vpc_range: Annotated[str, AfterValidator(_private_network)] = Field(
        description="private network of the nodes; cannot be changed later"
    )
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
    engine_version: str | None = Field(
        default=None,
        description="version of the engine's package, such as 26.1.*; default: the one of Debian 12, so another image needs it",
    )

    @model_validator(mode="after")
    def _engine_is_known(self) -> "Cloud":
        if self.image != KNOWN_IMAGE and self.engine_version is None:
            raise ValueError(
                f"image is {self.image} but engine_version is missing; only {KNOWN_IMAGE} has one that is known here, "
                "say which the other's docker.io package has, such as 26.1.*"
            )
        return self

    @model_validator(mode="after")
    def _alerts_can_see(self) -> "Cloud":
        if self.alerts and not self.monitoring:
            raise ValueError(
                "alerts need the agent that monitoring installs; set monitoring to true or remove alerts"
            )
        return self


_SIZE = re.compile(r"[a-z0-9_]+-(?P<cpus>\d+)vcpu-(?P<memory>\d+)(?P<unit>gb|mb)(-.*)?")
_CPU_SIZE = re.compile(r"c-(?P<cpus>\d+)")


def ordered(size: str) -> tuple[int, int]:
    """Cores and MiB of memory of a droplet size, as its slug says them.

    Raises:
        ValueError: the slug says neither.
    """
    if match := _SIZE.fullmatch(size):
        return int(match["cpus"]), int(match["memory"]) * (1024 if match["unit"] == "gb" else 1)
    if match := _CPU_SIZE.fullmatch(size):
        return int(match["cpus"]), int(match["cpus"]) * 2048
    raise ValueError(f"{size!r} is no droplet size; use a slug such as s-4vcpu-8gb (doctl compute size list)")
