"""What one image folder says: its parents, its labels, what it lacks, and the hash that becomes its tag."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shlex
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from images.builder.errors import ImagesError

PREFIX = "sprocket-local/"
ROOT = "debian"
"""Name of the image below all others; it has no folder, debian.py makes it."""
_FROM = re.compile(r"^(FROM\s+)sprocket-local/([a-z0-9][a-z0-9-]*)(\s+AS\s+\S+)?\s*$", re.IGNORECASE)
_IGNORED = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".DS_Store"}
KINDS = ("real", "stand-in")


@dataclass(frozen=True)
class Recipe:
    """One folder with a Dockerfile, read and checked.

    `kind` is "real" (the program named in the lock's image, from a package) or "stand-in" (a program of our own that
    keeps its contract). `internal` images are only built upon. `lacks` are short names of features that the image
    stood in for has and this one has not; layers leave the lines out that need them.
    """

    name: str
    folder: Path
    parents: tuple[str, ...]
    files: Mapping[str, bytes] = field(repr=False)
    executable: frozenset[str] = field(repr=False)
    internal: bool = False
    stands_in_for: str = ""
    kind: str = ""
    program: str = ""
    lacks: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def wheels(self) -> Path | None:
        """Its requirements.txt, when pip is to install something in the build."""
        return self.folder / "requirements.txt" if "requirements.txt" in self.files else None

    @property
    def modules(self) -> bool:
        """Whether it has a package-lock.json, so that node_modules are to be had in the build."""
        return "package-lock.json" in self.files

    def digest(self, parent_tags: Iterable[str]) -> str:
        """Tag of the image: 12 hex digits over the files, their executable bits, and the parents' tags."""
        sha = hashlib.sha256()
        for part in ("1", *parent_tags):
            sha.update(f"{part}\0".encode())
        for name in sorted(self.files):
            sha.update(f"{name}\0{name in self.executable}\0{len(self.files[name])}\0".encode())
            sha.update(self.files[name])
        return sha.hexdigest()[:12]

    def context(self, tags: Mapping[str, str]) -> bytes:
        """Build context as a tar stream; FROM lines name their parents by tag, so that nothing else can get in."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for name in sorted(self.files):
                data = (
                    pinned(self.files[name].decode(), tags).encode()
                    if name == "Dockerfile"
                    else self.files[name]
                )
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(data), 0o755 if name in self.executable else 0o644
                tar.addfile(entry, io.BytesIO(data))
        return stream.getvalue()


def instructions(dockerfile: str) -> list[str]:
    """Lines of a Dockerfile with comments removed and continuations joined."""
    lines: list[str] = []
    pending = ""
    for line in dockerfile.splitlines():
        if line.lstrip().startswith("#"):
            continue
        pending += line.strip()
        if pending.endswith("\\"):
            pending = pending[:-1]
        elif pending:
            lines.append(pending)
            pending = ""
    return lines


def parents(dockerfile: str) -> tuple[str, ...]:
    """Images of ours that a Dockerfile builds on, in order, each once; `FROM <earlier stage>` is none of them."""
    stages: set[str] = set()
    found: dict[str, None] = {}
    for line in instructions(dockerfile):
        if not line.upper().startswith("FROM "):
            continue
        words = line.split()
        if match := _FROM.match(line):
            found[match[2]] = None
        elif words[1] not in stages:
            raise ImagesError(
                f"`{line}`: images here build on FROM {PREFIX}<name> or on an earlier stage only"
            )
        if len(words) == 4 and words[2].upper() == "AS":
            stages.add(words[3])
    return tuple(found)


def pinned(dockerfile: str, tags: Mapping[str, str]) -> str:
    """The Dockerfile with each `FROM sprocket-local/<name>` extended by that image's tag."""

    def pin(line: str) -> str:
        match = _FROM.match(line.strip())
        return f"{match[1]}{PREFIX}{match[2]}:{tags[match[2]]}{match[3] or ''}" if match else line

    return "\n".join(pin(line) for line in dockerfile.splitlines()) + "\n"


def labels(dockerfile: str) -> dict[str, str]:
    """Labels that a Dockerfile itself sets; what parents set is not inherited here."""
    found: dict[str, str] = {}
    for line in instructions(dockerfile):
        if line.upper().startswith("LABEL "):
            found.update(word.partition("=")[::2] for word in shlex.split(line[6:]) if "=" in word)
    return found


def read(folder: Path) -> Recipe:
    """Read and check one image folder."""
    files = {name: path.read_bytes() for name, path in _walk(folder)}
    executable = frozenset(name for name, path in _walk(folder) if os.access(path, os.X_OK))
    dockerfile = files["Dockerfile"].decode()
    try:
        above, said = parents(dockerfile), labels(dockerfile)
        traits = _traits(files.get("traits.yaml", b""))
        internal = said.get("sprocket.internal") == "true"
        if not internal:
            _check_labels(said)
    except ImagesError as error:
        raise ImagesError(f"{folder.name}/Dockerfile: {error}") from None
    return Recipe(
        name=folder.name, folder=folder, parents=above, files=files, executable=executable, internal=internal,
        stands_in_for=said.get("sprocket.stands-in-for", ""), kind=said.get("sprocket.kind", ""),
        program=said.get("sprocket.program", ""), lacks=traits["lacks"], differences=traits["differences"],
    )  # fmt: skip


def read_all(images: Path) -> dict[str, Recipe]:
    """All recipes below `images`, by name; a folder is one when it has a Dockerfile."""
    return {path.parent.name: read(path.parent) for path in sorted(images.glob("*/Dockerfile"))}


def _walk(folder: Path) -> list[tuple[str, Path]]:
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not _IGNORED.intersection(relative.parts) and path.suffix != ".pyc":
            found.append((relative.as_posix(), path))
    return found


def _check_labels(said: Mapping[str, str]) -> None:
    for key in ("sprocket.stands-in-for", "sprocket.kind", "sprocket.program"):
        if not said.get(key):
            raise ImagesError(f'label {key} is missing; add LABEL {key}="..." (or sprocket.internal="true")')
    if said["sprocket.kind"] not in KINDS:
        raise ImagesError(f'label sprocket.kind is "{said["sprocket.kind"]}"; allowed: {", ".join(KINDS)}')


def _traits(text: bytes) -> dict[str, tuple[str, ...]]:
    data: Any = YAML(typ="safe", pure=True).load(text) or {}
    keys = ("lacks", "differences")
    if not isinstance(data, dict) or set(data) - set(keys):
        raise ImagesError(f"traits.yaml: allowed keys: {', '.join(keys)}")
    for key in keys:
        if not all(isinstance(item, str) for item in data.get(key) or []):
            raise ImagesError(f"traits.yaml: {key}: should be a list of strings")
    return {key: tuple(data.get(key) or ()) for key in keys}
