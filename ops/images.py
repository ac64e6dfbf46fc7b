"""The image lock: what is pinned, and looking up what is not yet."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from sprocket_constructs import UNRESOLVED

from layers.images import LOCK
from ops.errors import OpsError
from ops.registry import Registries


@dataclass(frozen=True)
class Pin:
    """One entry of the lock. ``place`` is where it stands: images, application/<line> or promoted/<where>."""

    place: str
    service: str
    name: str
    tag: str
    entry: MutableMapping[str, Any]

    @property
    def digest(self) -> str:
        """The pinned digest, or ``unresolved``."""
        return str(self.entry.get("digest", UNRESOLVED))


class LockFile:
    """``images.lock.yaml`` with its comments and its layout."""

    def __init__(self, path: Path = LOCK) -> None:
        self._path = path
        self._yaml = YAML()
        self._yaml.width = 10_000
        self._yaml.preserve_quotes = True
        self._document: Any = self._yaml.load(path.read_text())

    def pins(self) -> Iterator[Pin]:
        """All entries, in the order of the file."""
        yield from self._in("images", self._document.get("images") or {}, "", "")
        for line, group in (self._document.get("application") or {}).items():
            yield from self._in(f"application/{line}", group["images"], group["namespace"], group["tag"])
        for where, group in (self._document.get("promoted") or {}).items():
            yield from self._in(f"promoted/{where}", group, "", "")

    def save(self) -> bool:
        """Writes the file if it changed; says whether it did."""
        text = io.StringIO()
        self._yaml.dump(self._document, text)
        if text.getvalue() == self._path.read_text():
            return False
        self._path.write_text(text.getvalue())
        return True

    @staticmethod
    def _in(place: str, group: MutableMapping[str, Any], namespace: str, tag: str) -> Iterator[Pin]:
        for service, entry in group.items():
            name = entry.get("name") or (f"{namespace}/{service}" if namespace else "")
            tag_of = str(entry.get("tag") or tag)
            if name and tag_of:
                yield Pin(place, service, str(name), tag_of, entry)


@dataclass
class Resolved:
    """What a run of :func:`resolve` found: old and new digest by image, and why others have none."""

    found: dict[str, tuple[str, str]]
    failed: dict[str, str]


def resolve(
    lock: LockFile,
    registries: Registries,
    *,
    again: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Resolved:
    """Looks up what is unresolved (``again``: everything) and puts it into the lock; saving is the caller's."""
    result = Resolved({}, {})
    for pin in lock.pins():
        if pin.digest != UNRESOLVED and not again:
            continue
        image = f"{pin.name}:{pin.tag}"
        say(image)
        try:
            digest = registries.digest(pin.name, pin.tag)
        except OpsError as error:
            result.failed[image] = error.problem
            continue
        if digest != pin.digest:
            result.found[image] = (pin.digest, digest)
            pin.entry["digest"] = digest
    return result
