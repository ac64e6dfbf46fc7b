"""Who keeps a second server off a directory of data."""

from dataclasses import dataclass
from enum import Enum

from .errors import stated


class LockHolder(Enum):
    """What has the lock while the server runs."""

    SHELL = "shell"
    PROGRAM = "program"
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Lock:
    """The decision that every store must state: what keeps a second server off its directory.

    A scheduler promises one task, not one process: a node that lost its managers keeps its task running, and gets a new one when
    it is back (docs/decisions/0018-one-server-per-directory.md). Make one with :meth:`by_shell`, :meth:`by_program` or, with a
    reason, :meth:`none`.
    """

    holder: LockHolder
    flock: bool = True
    because: str | None = None

    @classmethod
    def by_shell(cls, *, flock: bool = True) -> "Lock":
        """A shell in front of the server locks the directory and becomes the server.

        The lock is an open file that the server inherits, so the kernel ends it with the last process that has it, after SIGKILL
        too. Who finds it taken waits for the service's stop grace and 10 s more, then ends with one line that says why. The
        service must be made with ``command=(...)``, the image's ENTRYPOINT and CMD.

        Args:
            flock: the image has ``flock`` (util-linux, BusyBox), which locks the open directory and writes nothing. Without it,
                each server holds a named pipe in ``.lock`` below the directory open, which needs GNU coreutils.
        """
        return cls(holder=LockHolder.SHELL, flock=flock)

    @classmethod
    def by_program(cls, *, because: str) -> "Lock":
        """The program locks the directory itself, before it changes anything in it.

        Args:
            because: which file it locks, and what was tried. A pid in a file is no lock: each container counts its own processes.
        """
        return cls(holder=LockHolder.PROGRAM, because=stated(because))

    @classmethod
    def none(cls, *, because: str) -> "Lock":
        """Nothing keeps a second server off, with the reason that a reviewer can accept or not."""
        return cls(holder=LockHolder.NOBODY, because=stated(because))
