"""A file from pg_dump: its format, its server's version, and its bytes."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from ops.errors import OpsError, WrongUse

CHUNK = 256 * 1024
"""Bytes per read."""
_HEAD = 64 * 1024
_UNREADABLE = (OSError, EOFError, zlib.error)
"""Errors of a read; gzip raises the last one for a file that ends before its checksum."""
_FIRST_LINE, _LAST_LINE = b"-- PostgreSQL database dump\n", b"-- PostgreSQL database dump complete"
_HOW = "make one with pg_dump --no-owner --no-acl (plain), or pg_dump --format=custom; gzip is fine"


@dataclass(frozen=True, kw_only=True)
class Dump:
    """A dump of one database.

    Args:
        version: major version of the server that it comes from.
    """

    path: Path
    kind: Literal["plain", "custom"]
    version: int

    @property
    def bytes_on_disk(self) -> int:
        """Size of the file, compressed as it is."""
        return self.path.stat().st_size

    def chunks(self) -> Iterator[tuple[bytes, int]]:
        """The dump, uncompressed, and how many bytes of the file have been read.

        Raises:
            OpsError: the file ends early, or cannot be read.
        """
        last = b""
        try:
            with self.path.open("rb") as file, _uncompressed(file) as content:
                while chunk := content.read(CHUNK):
                    last = (last + chunk)[-_HEAD:]
                    yield chunk, file.tell()
        except _UNREADABLE as error:
            raise _broken(self.path, _why(error)) from None
        if self.kind == "plain" and _LAST_LINE not in last:
            raise _broken(self.path, "pg_dump's last line is missing")


def dump_at(path: Path) -> Dump:
    """Reads the beginning of a file.

    Raises:
        WrongUse: it is not a dump of one database in a format that can be streamed.
    """
    if path.is_dir():
        raise WrongUse(f"{path} is a folder, a dump in pg_dump's format directory", fix=_HOW)
    try:
        with path.open("rb") as file, _uncompressed(file) as content:
            head = content.read(_HEAD)
    except FileNotFoundError:
        raise WrongUse(f"{path} does not exist", fix="name the file of the dump") from None
    except _UNREADABLE as error:
        raise WrongUse(f"{path} cannot be read: {_why(error)}", fix=_HOW) from None
    if head.startswith(b"PGDMP"):
        return Dump(path=path, kind="custom", version=_version_in_archive(path, head))
    if b"PostgreSQL database cluster dump" in head:
        raise WrongUse(f"{path} is a dump of a whole server by pg_dumpall", fix=_HOW)
    found = re.search(rb"^-- Dumped from database version (\d+)", head, re.M)
    if _FIRST_LINE in head and found:
        return Dump(path=path, kind="plain", version=int(found[1]))
    if head.startswith(b"toc.dat"):
        raise WrongUse(f"{path} is a dump in pg_dump's format tar", fix=_HOW)
    raise WrongUse(f"{path} was not written by pg_dump", fix=_HOW)


def _uncompressed(file: IO[bytes]) -> IO[bytes]:
    magic = file.read(2)
    file.seek(0)
    return cast("IO[bytes]", gzip.open(file)) if magic == b"\x1f\x8b" else file


def _version_in_archive(path: Path, head: bytes) -> int:
    """Major version of the server, from an archive's header (Postgres 17, pg_backup_archiver.c: ReadHead)."""
    try:
        archive, size, format_ = (head[5], head[6]), head[8], head[10]
        if format_ != 1:
            raise WrongUse(f"{path} is an archive of pg_dump, but not in the format custom", fix=_HOW)
        integer = 1 + size  # a byte for the sign, then the number
        at = (
            11 + (1 if archive >= (1, 15) else integer) + 7 * integer
        )  # compression, then the time of its making
        texts = []
        for _ in range(2):  # name of the database, version of its server
            length = int.from_bytes(head[at + 1 : at + integer], "little")
            texts.append(head[at + integer : at + integer + length])
            at += integer + length
        return int(texts[1].split(b".")[0])
    except (IndexError, ValueError):
        raise WrongUse(
            f"{path} is an archive of pg_dump with a header that cannot be read", fix=_HOW
        ) from None


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _broken(path: Path, why: str) -> OpsError:
    return OpsError(
        f"{path} is incomplete or damaged: {why}; the database is unchanged",
        fix="copy or make the dump again, then repeat",
    )
