"""Copies of a store's files, for programs that cannot hand their data out."""

from collections.abc import Sequence
from pathlib import Path

from ..rendering import render

HERE = Path(__file__).parent


def files_work(*, data: str, files: Sequence[str], functions: str) -> str:
    """The work of a job that copies files.

    Args:
        data: the directory that the store's data is mounted at, in the job as in the server.
        files: names of the files below it, in the order in which they come back.
        functions: shell functions ``take`` and ``count``, each of which gets a directory: what a consistent copy is, and what
            is in one.
    """
    return render(HERE / "files.sh.j2", data=data, files=files) + "\n" + functions
