"""Copies of a store's files, for programs that cannot hand their data out."""

from collections.abc import Sequence
from pathlib import Path

from sprocket_constructs import BackupJob, Construct, Stops, Storage, SwarmService

from ..rendering import render
from .backups import Backups

HERE = Path(__file__).parent


def files_backup(
    scope: Construct,
    store: str,
    *,
    server: SwarmService,
    storage: Storage,
    data: str,
    files: Sequence[str],
    functions: Path,
    backups: Backups,
) -> BackupJob:
    """Copies files below the running server, and reads them back while it is stopped.

    Args:
        data: the directory that the store's data is mounted at, in the job as in the server.
        files: names of the files below it, in the order in which they come back.
        functions: a file of shell functions ``take`` and ``count``, each of which gets a directory: what a consistent copy is,
            and what is in one.
    """
    job = backups.job(
        scope,
        store,
        image=server.image,
        server=server,
        stops=Stops.SERVER,
        work=lambda: render(HERE / "files.sh.j2", data=data, files=files) + "\n" + functions.read_text(),
    )
    job.copies_from(storage, at=data)
    job.starts_after(server)
    return job
