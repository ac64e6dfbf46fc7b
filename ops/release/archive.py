"""Where releases are kept: beside the state, in the same bucket, or on this machine where the state is here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from layers.settings.environment import Environment
from ops.errors import OpsError
from ops.paths import STATE
from ops.release import stack_file
from ops.release.release import Release, kept
from ops.state.bucket import Bucket, credentials, endpoint_of

_RECORD = re.compile(r"(\d{6})\.json")
_STACK = re.compile(r"([0-9a-f]{16})\.json\.gz")
PRIVATE = 0o700
TRIES = 20
"""For a number that nobody else took in between."""


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
        draft = self._path / f".{name}.draft"
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


class Archive:
    """The releases of one environment.

    Raises:
        OpsError: the place does not answer, or what is in it cannot be read; from every method.
    """

    def __init__(self, place: Place) -> None:
        self._place = place

    def releases(self) -> list[Release]:
        """All, oldest first."""
        return [self._release(name) for name in sorted(self._place.names()) if _RECORD.fullmatch(name)]

    def last(self) -> Release | None:
        """The newest; none where nothing was deployed yet."""
        names = sorted(name for name in self._place.names() if _RECORD.fullmatch(name))
        return self._release(names[-1]) if names else None

    def stack(self, key: str) -> dict[str, Any]:
        """A synthesized stack."""
        content = self._place.read(f"{key}.json.gz")
        if content is None:
            raise OpsError(
                f"the stack {key} of a release is missing beside the state",
                fix="go back to another release, or deploy the commit that `python -m ops releases` names",
            )
        try:
            return stack_file.unpacked(content)
        except (OSError, ValueError, EOFError):
            raise OpsError(
                f"the stack {key} of a release is damaged", fix="go back to another release"
            ) from None

    def keep(self, document: Mapping[str, Any]) -> str:
        """Keeps a synthesized stack; returns its key."""
        key = stack_file.key_of(document)
        self._place.write(f"{key}.json.gz", stack_file.packed(document))
        return key

    def add(self, release: Release) -> Release:
        """Adds a release under the next free number, and returns it with that."""
        last = self.last()
        first = last.number + 1 if last else 1
        for number in range(first, first + TRIES):
            numbered = release.model_copy(update={"number": number})
            if self._place.write_if_absent(_file(number), _written(numbered)):
                return numbered
        raise OpsError(
            f"release {first} cannot be recorded: others record releases all the time", fix="deploy again"
        )

    def update(self, release: Release) -> None:
        """Writes a release that is there already."""
        self._place.write(_file(release.number), _written(release))

    def trim(self) -> None:
        """Removes releases that are too old, and stacks that none of the others needs."""
        releases = self.releases()
        staying = kept(releases)
        numbers = {each.number for each in staying}
        for release in releases:
            if release.number not in numbers:
                self._place.delete(_file(release.number))
        needed = {key for each in staying for key in (each.services, each.cloud)}
        for name in self._place.names():
            if (match := _STACK.fullmatch(name)) and match[1] not in needed:
                self._place.delete(name)

    def _release(self, name: str) -> Release:
        content = self._place.read(name)
        try:
            return Release.model_validate_json(content or b"")
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = "/".join(map(str, first["loc"])) or "the whole file"
            raise OpsError(
                f"release {name} beside the state cannot be read: {where}: {first['msg']}",
                fix="remove that file; releases before and after it stay",
            ) from None


def folder_of(settings: Environment) -> Path:
    """Where an environment's releases are if its state is on this machine."""
    return STATE / "state" / f"{settings.services_stack}.releases"


def archive_of(settings: Environment) -> Archive:
    """The releases of an environment.

    Raises:
        WrongUse: they are in a bucket, and its credentials are not set.
    """
    if settings.state.backend == "local":
        return Archive(LocalFolder(folder_of(settings)))
    bucket = Bucket(str(settings.state.bucket), endpoint=endpoint_of(settings), key=credentials())
    return Archive(BucketFolder(bucket, f"releases/{settings.services_stack}/"))


def _file(number: int) -> str:
    return f"{number:06}.json"


def _written(release: Release) -> bytes:
    return (release.model_dump_json(indent=2) + "\n").encode()
