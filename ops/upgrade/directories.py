"""The directories of a Postgres server, one for each major version, through the container of the server that runs.

What it asks for is in layers/data/postgres-upgrade.sh.j2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from layers.data.postgres import UPGRADE
from ops.errors import OpsError
from ops.swarm.containers import Tasks
from ops.waiting import wait_until

RUNS_WITHIN_S = 60.0
WHOLE_WITHIN_S = 10.0
_NEEDED = {"runs", "version", "tables", "free"}


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A change of version that was begun and is not finished.

    Args:
        snapshot: id of the copy that is to be loaded; ``-`` where the directory gone to has its data.
    """

    from_: str
    to: str
    snapshot: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a server says of its directories.

    Args:
        runs: major version of the server.
        uses: major version whose directory has the data.
        begun: a change that is not finished.
        closed: whether it answers its superuser alone.
        bytes: of each directory, by its major version.
        free: bytes that the disk has free.
        tables: in the superuser's own database, which no copy has.
    """

    runs: str
    uses: str
    begun: Begun | None
    closed: bool
    bytes: Mapping[str, int]
    free: int
    tables: int = 0


class Directories:
    """What a server that runs has on its disk.

    Args:
        service: of the server.
    """

    def __init__(self, tasks: Tasks, service: str) -> None:
        self._tasks = tasks
        self._service = service

    def read(self) -> Found:
        """What is there.

        Raises:
            OpsError: no server runs, or it was deployed before there were directories by version.
        """
        # On a busy node the engine hands out less than was said, and without an error: all of it ends with what is free.
        words = wait_until(self._shown, WHOLE_WITHIN_S, done=_is_whole, interval_s=1)
        if not _is_whole(words):
            raise OpsError(
                f"{self._service}: what is in its directories cannot be read", fix="run the command again"
            )
        said = {line[0]: line[1:] for line in words}
        begun = said.get("upgrade", ())
        return Found(
            runs=said["runs"][0],
            uses=said["version"][0],
            begun=Begun(from_=begun[0], to=begun[1], snapshot=begun[2]) if len(begun) == 3 else None,
            closed="closed" in said,
            bytes={line[1]: int(line[2]) * 1024 for line in words if line[0] == "directory"},
            free=int(said["free"][0]) * 1024,
            tables=int(said["tables"][0]),
        )

    def _shown(self) -> list[list[str]]:
        return [line.split() for line in self._run("show").splitlines() if line.strip()]

    def allow(self, to: str, snapshot: str) -> None:
        """Lets a server of another version start on a directory of its own, closed to clients."""
        self._run("allow", to, snapshot)

    def cancel(self) -> None:
        """Takes that back; the server that has the data must run."""
        self._run("cancel")

    def finish(self) -> None:
        """Says that the server that runs has the data, and lets clients in."""
        self._run("finish")

    def remove(self, major: str) -> None:
        """Removes the directory of a version that neither runs nor has the data."""
        self._run("remove", major)

    def _run(self, *words: str) -> str:
        container = wait_until(lambda: self._tasks.container(self._service), RUNS_WITHIN_S, interval_s=1)
        if container is None:
            raise OpsError(
                f"{self._service} has no running task, so nobody can say what is in its directories",
                fix=f"docker service ps --no-trunc {self._service} says why; deploy the image whose data it has",
            )
        done = self._tasks.run(container, "/bin/sh", UPGRADE, *words)
        if done.code == 0:
            return done.output
        said = " ".join(done.output.split())[-300:]
        if "can't open" in said.lower() or "cannot open" in said.lower() or "no such file" in said.lower():
            raise OpsError(
                f"{self._service} was deployed before its versions had directories of their own",
                fix="deploy these files once with the image that it has now, then run the command again",
            )
        raise OpsError(f"{self._service}: {words[0]}: {said.removeprefix('error: ')}")


def _is_whole(words: list[list[str]]) -> bool:
    return bool(words) and words[-1][0] == "free" and {line[0] for line in words if len(line) > 1} >= _NEEDED
