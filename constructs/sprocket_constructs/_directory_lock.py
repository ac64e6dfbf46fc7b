"""The shell in front of a server that locks its directory of data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ._cdktf import Construct, TerraformStack
from ._declarations import Declarations
from ._mounts import FileMount, Mounts
from .errors import ConstructError
from .file import FILES, SwarmConfig
from .stop import Stop
from .units import seconds

SCRIPT = Path(__file__).with_name("take-lock.sh")
NAME = "take-lock"
AT = f"/run/{NAME}"
MARGIN_S = 10
"""What a wait is longer than the stop grace: time for the engine to end what did not end by itself."""


class DirectoryLock:
    """The lock of one service, where a shell holds it.

    Args:
        service: whose directory it is.
        command: what the task starts.
        stop: a server that has the lock and was asked to stop is gone within its grace; so long is waited for it.
        mounts: where the script is added.
    """

    def __init__(self, service: Construct, *, command: Sequence[str], stop: Stop, mounts: Mounts) -> None:
        self._service = service
        self._command = tuple(command)
        self._stop = stop
        self._mounts = mounts
        self._directory: str | None = None
        self._kind = ""

    @property
    def wait_s(self) -> int:
        """How long a second server waits for the first one's end."""
        return seconds(self._stop.grace) + MARGIN_S

    def take(self, directory: str, *, flock: bool) -> None:
        """Puts the lock in front of the command."""
        if not self._command:
            raise ConstructError(
                self._service,
                f"locks {directory}, but the shell that holds the lock needs to know what the image starts",
                fix="pass command=(...), the image's ENTRYPOINT followed by its CMD, as docker image inspect shows them",
            )
        if self._directory is not None:
            raise ConstructError(
                self._service,
                f"locks {self._directory} and {directory}, the shell holds one lock",
                fix="keep both below one directory",
            )
        self._directory = directory
        self._kind = "flock" if flock else "pipe"
        self._mounts.add_file(FileMount(file=_script(self._service), at=AT, mode=0o444, uid=0, gid=0))

    def before(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """The command behind the shell that takes the lock and becomes it."""
        if self._directory is None:
            return command
        return ("/bin/sh", AT, self._kind, self._directory, str(self.wait_s), *command)


def _script(service: Construct) -> SwarmConfig:
    """One config for all services of the stack."""
    found = Declarations.around(service, scope=service).of(FILES).get(f"config {NAME}")
    if isinstance(found, SwarmConfig):
        return found
    return SwarmConfig(TerraformStack.of(service), NAME, name=NAME, content=SCRIPT.read_text())
