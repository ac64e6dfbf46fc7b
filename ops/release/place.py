"""Where files of releases are: in the state's bucket, or on this machine where the state is here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from ops.state.bucket import Bucket

PRIVATE = 0o700


class Place(Protocol):
    """A folder of files, wherever it is."""

    def names(self) -> list[str]:
        """Of all files."""

    def read(self, name: str) -> bytes | None:
        """A file; none where there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Writes a file whole, or not at all."""

    def write_if_absent(self, name: str, content: bytes) -> bool:
        """Writes a file that must not exist; says whether this writer made it."""

    def delete(self, name: str) -> None:
        """Removes a file."""


class LocalFolder:
    """On this machine, for its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """Of all files."""
        return sorted(each.name for each in self._path.iterdir()) if self._path.is_dir() else []

    def read(self, name: str) -> bytes | None:
        """A file; none where there is none."""
        file = self._path / name
        return file.read_bytes() if file.is_file() else None

    def write(self, name: str, content: bytes) -> None:
        """Replaces the file by a complete one."""
        draft = self._draft(name, content)
        draft.replace(self._path / name)

    def write_if_absent(self, name: str, content: bytes) -> bool:
        """Makes a link to a complete file, which fails where there is one of that name."""
        draft = self._draft(name, content)
        try:
            (self._path / name).hardlink_to(draft)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True

    def delete(self, name: str) -> None:
        """Removes a file."""
        (self._path / name).unlink(missing_ok=True)

    def _draft(self, name: str, content: bytes) -> Path:
        self._path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        draft = self._path / f".{name}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_bytes(content)
        return draft


class BucketFolder:
    """Objects below a prefix of the state's bucket."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix

    def names(self) -> list[str]:
        """Of all objects."""
        return [key.removeprefix(self._prefix) for key in self._bucket.keys(self._prefix)]

    def read(self, name: str) -> bytes | None:
        """An object; none where there is none."""
        return self._bucket.read(self._prefix + name)

    def write(self, name: str, content: bytes) -> None:
        """Writes an object."""
        self._bucket.write(self._prefix + name, content)

    def write_if_absent(self, name: str, content: bytes) -> bool:
        """Writes an object that must not exist."""
        return self._bucket.write_if_absent(self._prefix + name, content.decode())

    def delete(self, name: str) -> None:
        """Removes an object with all its versions."""
        self._bucket.delete(self._prefix + name)
