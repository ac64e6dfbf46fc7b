"""What the verbs of a service collect until it is rendered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .file import SwarmFile
from .network import OverlayNetwork
from .volume import Backup

if TYPE_CHECKING:
    from .service import SwarmService


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What a client learns by connecting: a name that resolves on a network it has joined, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class FileMount:
    """A config or secret at a path of the task. ``mode`` is octal as chmod takes it, owners are numeric."""

    file: SwarmFile
    at: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class DataMount:
    """A directory of the node, a volume or the engine's socket at a path of the task."""

    type: str
    source: str
    target: str
    read_only: bool = False
    backup: Backup | None = None
    because: str | None = None


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A network that the service is on, and the further names it has there."""

    network: OverlayNetwork
    aliases: tuple[str, ...] = ()


@dataclass
class Wiring:
    """Everything that was said about a service after it was made.

    Args:
        attachments: networks by name.
        servers: whom it connects to, by service name.
        published: port on the node to port of the task.
        internet: reasons for the way out of the swarm.
    """

    attachments: dict[str, Attachment] = field(default_factory=dict)
    servers: dict[str, SwarmService] = field(default_factory=dict)
    waits_for: list[SwarmService] = field(default_factory=list)
    files: list[FileMount] = field(default_factory=list)
    data: list[DataMount] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    constraints: list[str] = field(default_factory=list)
    published: dict[int, int] = field(default_factory=dict)
    internet: list[str] = field(default_factory=list)
