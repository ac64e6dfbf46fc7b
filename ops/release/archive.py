"""The releases of one environment, kept beside its state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from layers.settings.environment import Environment
from ops.errors import OpsError
from ops.paths import STATE
from ops.release import stack_file
from ops.release.place import BucketFolder, LocalFolder, Place
from ops.release.release import Release, kept
from ops.state.bucket import Bucket, credentials, endpoint_of

_RECORD = re.compile(r"(\d{6})\.json")
_STACK = re.compile(r"([0-9a-f]{16})\.json\.gz")
TRIES = 20
"""For a number that nobody else took in between."""


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
