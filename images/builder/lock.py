"""The lock of images built from packages: what an environment with `images: packages` deploys, by digest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from images.builder.errors import ImagesError

_HEAD = "# written by `python -m images build`; not committed\n"
_REQUIRED = ("name", "tag", "digest", "stands_in_for", "kind")


@dataclass(frozen=True)
class Entry:
    """One image in the registry on loopback; `lacks` as in Recipe, `version` as the program itself says it."""

    name: str
    tag: str
    digest: str
    stands_in_for: str
    kind: str
    lacks: tuple[str, ...] = ()
    version: str = ""

    @property
    def reference(self) -> str:
        """Full reference: name, tag and digest."""
        return f"{self.name}:{self.tag}@{self.digest}"


def text(entries: Mapping[str, Entry]) -> str:
    """The lock file's text: one line for each image, sorted, so that two builds of one tree write the same bytes."""
    lines = [f"  {name}: {{{_fields(entries[name])}}}" for name in sorted(entries)]
    return _HEAD + ("images:\n" + "\n".join(lines) if lines else "images: {}") + "\n"


def _fields(entry: Entry) -> str:
    fields = [
        f"name: {entry.name}", f"tag: {_quoted(entry.tag)}", f"digest: {_quoted(entry.digest)}",
        f"stands_in_for: {_quoted(entry.stands_in_for)}", f"kind: {entry.kind}",
    ]  # fmt: skip
    if entry.version:
        fields.append(f"version: {_quoted(entry.version)}")
    if entry.lacks:
        fields.append(f"lacks: [{', '.join(sorted(entry.lacks))}]")
    return ", ".join(fields)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse(content: str, source: str) -> dict[str, Entry]:
    """Entries of a lock's text; `source` names it in errors."""
    try:
        data: Any = YAML(typ="safe", pure=True).load(content)
        return {
            name: Entry(
                **{key: fields[key] for key in _REQUIRED},
                lacks=tuple(fields.get("lacks", ())),
                version=fields.get("version", ""),
            )
            for name, fields in data["images"].items()
        }
    except (YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ImagesError(
            f"{source} cannot be read ({type(error).__name__}: {error})\n"
            "  it is written by `python -m images build`: delete it and build again"
        ) from None


def load(path: Path) -> dict[str, Entry]:
    """Entries of the lock file; none if it does not exist yet."""
    return parse(path.read_text(), str(path)) if path.exists() else {}


def save(path: Path, entries: Mapping[str, Entry]) -> bool:
    """Write the lock in one step, so that an interrupted build leaves the old one intact; says whether it changed."""
    new = text(entries)
    if path.exists() and path.read_text() == new:
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(new)
    draft.replace(path)
    return True
