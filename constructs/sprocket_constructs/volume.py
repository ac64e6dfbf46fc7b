"""Where data is kept, and the decision about its backup."""

from dataclasses import dataclass
from typing import Protocol

from ._cdktf import Construct, Volume
from .errors import stated
from .placement import NodeSelector


class Backup:
    """The decision that every store must state: :class:`BackupJob`, which runs, or :class:`NoBackup`, with its reason."""

    @property
    def in_words(self) -> str:
        """For a reviewer."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class NoBackup(Backup):
    """Not backed up, for a reason that a reviewer can accept or not.

    Raises:
        ValueError: the reason is blank.
    """

    because: str

    def __post_init__(self) -> None:
        stated(self.because)

    @property
    def in_words(self) -> str:
        """The reason."""
        return f"no backup: {self.because}"


class Storage(Protocol):
    """A place for data that is tied to one node."""

    @property
    def held_by(self) -> NodeSelector:
        """The only node that has it."""

    @property
    def mount_type(self) -> str:
        """``bind`` or ``volume``."""

    @property
    def source(self) -> str:
        """The directory, or the volume's name."""


@dataclass(frozen=True, kw_only=True)
class NodeDirectory:
    """A directory on a block volume that is mounted at a fixed path of one node.

    The directory exists only on the volume, so a task cannot start on an empty mount point: the engine
    refuses a bind whose source is missing. That is the check that the volume is really there.
    """

    path: str
    held_by: NodeSelector

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError(f"directory {self.path!r} is not absolute; start it with /")

    @property
    def mount_type(self) -> str:
        """The type of the mount, in Docker's terms."""
        return "bind"

    @property
    def source(self) -> str:
        """The directory."""
        return self.path


class LocalVolume(Construct):
    """A named volume on the engine that Terraform is connected to; right for one node only.

    It stays when the environment is switched off, and goes with ``purge``. It has no ``prevent_destroy``:
    that would make a purge impossible, and nothing but local data is ever in it.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, held_by: NodeSelector) -> None:
        super().__init__(scope, id_)
        self.name = name
        self.held_by = held_by
        self.resource = Volume(self, "Resource", name=name)

    @property
    def mount_type(self) -> str:
        """The type of the mount, in Docker's terms."""
        return "volume"

    @property
    def source(self) -> str:
        """A reference to the volume's name, so that it is made before the service."""
        return self.resource.name
