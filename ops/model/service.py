"""A service of the swarm, as Terraform is told of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sprocket_constructs import seconds

from ops.model.file import MountedFile
from ops.model.image_name import ImageName

_PAGE = re.compile(r"Host\(`(?P<host>[^`]+)`\)(?:\s*&&\s*PathPrefix\(`(?P<path>[^`]+)`\))?")
_NO_IMAGE = ImageName(name="", tag="", digest="")


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """The engine's check of a task; durations as Docker writes them (``1m30s``)."""

    test: tuple[str, ...] = ()
    interval: str | None = None
    timeout: str | None = None
    retries: int | None = None
    start_period: str | None = None


@dataclass(frozen=True, kw_only=True)
class RestartPolicy:
    """When a task that ended is started again."""

    condition: str | None = None
    delay: str | None = None
    max_attempts: int | None = None
    window: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """How tasks are replaced: by an update, or on the way back from one that failed."""

    parallelism: int | None = None
    delay: str | None = None
    failure_action: str | None = None
    monitor: str | None = None
    max_failure_ratio: str | None = None
    order: str | None = None


@dataclass(frozen=True, kw_only=True)
class Amount:
    """Of what a node has; 0 is not set."""

    memory_bytes: int = 0
    nano_cpus: int = 0


@dataclass(frozen=True, kw_only=True)
class PublishedPort:
    """A port of the node that leads to one of a task."""

    published: int
    target: int
    mode: str


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A volume or a directory of the node in a task.

    Args:
        source: name of the volume, or path on the node.
    """

    type: str
    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where a rule of Traefik answers."""

    host: str
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class Router:
    """One of Traefik's routers in a service's labels.

    Args:
        middlewares: that requests pass through, in order.
        redirects_to: address that one of them sends browsers to, where it is in the labels of the service.
        port: that requests are sent to, where the labels of the Traefik service of that name say one.
    """

    name: str
    rule: str = ""
    middlewares: tuple[str, ...] = ()
    redirects_to: str = ""
    port: int | None = None

    @property
    def pages(self) -> list[Page]:
        """Every host that the rule names, with its path."""
        return [Page(host=match["host"], path=match["path"] or "") for match in _PAGE.finditer(self.rule)]

    @property
    def is_one_page(self) -> bool:
        """Whether the rule is a host, with a path or without, and nothing else."""
        return _PAGE.fullmatch(self.rule) is not None


@dataclass(frozen=True, kw_only=True)
class Service:
    """One ``docker_service``.

    Args:
        address: its Terraform address.
        path: of its construct.
        name: on the swarm.
        mode: ``replicated`` or ``global``.
        networks: names of its networks, each with the further names that it has there.
        servers: names of the services whose own networks it joined, which is how a connection is declared.
        listens: its ports by their names; Terraform's JSON does not have them, so empty where nobody passed them on.
        converge_timeout: how long Terraform waits for its tasks.
        max_per_node: tasks; 0 is no bound.
        endpoint_mode: how its name resolves: ``dnsrr`` to its tasks, ``vip`` to a virtual address.
    """

    address: str
    path: str
    name: str
    layer: str = ""
    image: ImageName = _NO_IMAGE
    mode: str = "replicated"
    replicas: int = 1
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    groups: tuple[str, ...] = ()
    directory: str = ""
    hostname: str = ""
    hosts: tuple[str, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    container_labels: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    stop_grace: str = ""
    health_check: HealthCheck = HealthCheck()
    files: tuple[MountedFile, ...] = ()
    mounts: tuple[Mount, ...] = ()
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    servers: tuple[str, ...] = ()
    published: tuple[PublishedPort, ...] = ()
    listens: Mapping[str, int] = field(default_factory=dict)
    endpoint_mode: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    routers: tuple[Router, ...] = ()
    limits: Amount = Amount()
    reservation: Amount = Amount()
    restart: RestartPolicy = RestartPolicy()
    constraints: tuple[str, ...] = ()
    max_per_node: int = 0
    log_driver: str = ""
    log_options: Mapping[str, str] = field(default_factory=dict)
    update: Rollout = Rollout()
    rollback: Rollout = Rollout()
    converge_timeout: str = ""

    @property
    def order(self) -> str:
        """Of an update; the engine's default where none is set."""
        return self.update.order or "stop-first"

    @property
    def away_s(self) -> int:
        """Longest time without a task in a stop-first update: the stop grace, then the start period. An estimate."""
        return _seconds(self.stop_grace) + _seconds(self.health_check.start_period)

    @property
    def words(self) -> tuple[str, ...]:
        """Command and arguments."""
        return (*self.command, *self.args)

    @property
    def names(self) -> tuple[str, ...]:
        """Under which its clients know it: its own and its aliases."""
        return tuple(
            dict.fromkeys((self.name, *(name for names in self.networks.values() for name in names)))
        )

    @property
    def keeps_data(self) -> bool:
        """Whether a volume or a directory on a block volume is its own."""
        return any(mount.type == "volume" or mount.source.startswith("/mnt/") for mount in self.mounts)

    @property
    def instance(self) -> str:
        """The instance of the application that it is part of; empty for ingress and data."""
        parts = self.path.split("/")
        return parts[2] if parts[1:2] == ["platform"] and len(parts) > 3 else ""

    @property
    def short_name(self) -> str:
        """Its name without the instance: the last part of its construct's path."""
        return self.path.rpartition("/")[2]

    def file(self, at: str) -> MountedFile | None:
        """The file at a path."""
        return next((file for file in self.files if file.at == at), None)


def _seconds(text: str | None) -> int:
    try:
        return seconds(text or "0s")
    except ValueError:
        return 0
