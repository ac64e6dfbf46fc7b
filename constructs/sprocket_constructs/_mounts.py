"""What a service mounts: configs, secrets, and directories or volumes of the node."""

from __future__ import annotations

from dataclasses import dataclass

from ._cdktf import Construct
from ._checks import absolute
from .errors import ConstructError
from .file import SwarmFile
from .lock import Lock
from .placement import Scale
from .update import UpdateOrder, UpdatePolicy
from .volume import Backup


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
    lock: Lock | None = None
    because: str | None = None


class Mounts:
    """The mounts of one service."""

    def __init__(self, service: Construct) -> None:
        self._service = service
        self._files: list[FileMount] = []
        self._data: list[DataMount] = []

    @property
    def files(self) -> tuple[FileMount, ...]:
        """Configs and secrets, in the order they were declared."""
        return tuple(self._files)

    @property
    def data(self) -> tuple[DataMount, ...]:
        """Directories and volumes, in the order they were declared."""
        return tuple(self._data)

    def add_file(self, mount: FileMount) -> None:
        """Mounts a config or secret; two at one path are refused."""
        absolute(self._service, mount.at)
        if any(other.at == mount.at for other in self._files):
            raise ConstructError(
                self._service, f"two files at {mount.at}", fix="give each file a path of its own"
            )
        self._files.append(mount)

    def add_data(self, mount: DataMount) -> None:
        """Mounts a directory or volume; two at one path are refused."""
        absolute(self._service, mount.target)
        if mount.type == "bind":
            absolute(self._service, mount.source)
        if any(other.target == mount.target for other in self._data):
            raise ConstructError(
                self._service, f"two mounts at {mount.target}", fix="give each a path of its own"
            )
        self._data.append(mount)


def can_store(service: Construct, at: str, *, scale: Scale, update: UpdatePolicy) -> None:
    """Refuses two tasks on one directory, which corrupt most stores."""
    if scale.replicas != 1 or update.order is not UpdateOrder.STOP_FIRST:
        raise ConstructError(
            service,
            f"stores data at {at} but may run twice on it",
            fix="use one replica and UpdatePolicy.stop_first()",
        )
