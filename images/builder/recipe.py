"""How each image is made, from the first source that is there, and the hash that becomes its tag."""

from __future__ import annotations

import difflib
import hashlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ruamel.yaml import YAML

from images.builder.errors import ImagesError
from images.builder.paths import DESCRIPTIONS, RECIPES, cache_dir
from images.standin.description import parse
from images.standin.log import Refusal

PREFIX = "sprocket-local/"
ROOT = "debian"
"""Name of the image below all others; it has no folder, debian.py makes it."""
_FROM = re.compile(r"^(FROM\s+)sprocket-local/([a-z0-9][a-z0-9-]*)(\s+AS\s+\S+)?\s*$", re.IGNORECASE)
_IGNORED = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".DS_Store"}
OUTSIDE = {"pebble": "Let's Encrypt", "fake-discord": "discord.com"}
"""What stands for the world outside; nothing is pinned of it."""
_KEYS = ("program", "product", "version", "go", "tags", "lacks", "differences", "found", "images")
_STAND_IN = """FROM sprocket-local/stand-in
COPY stand-in.yaml /etc/stand-in.yaml
RUN cd /usr/local/lib/python3.11/dist-packages && python3 -m standin.main /etc/stand-in.yaml
WORKDIR {working_directory}
USER {user}
ENTRYPOINT ["{entrypoint}"]
"""


@dataclass(frozen=True)
class Recipe:
    """How one image is made.

    Args:
        source: ``found`` (a program that somebody put into the folder of programs), ``package`` (from a registry of packages),
            ``stand-in``, or ``internal`` for images that others are built upon.
        files: of the build context by name: bytes, or the path of a large one.
        product: what it is, where that is another program than the pinned one.
        version: command that says the program's version, asked in the built image.
        go: programs to build by ``go install``, as name and package; they lie in the context below ``program/``.
        tags: Go build tags.
        lacks: short names of features that the pinned image has and this one has not; layers leave out what needs them.
    """

    name: str
    folder: Path
    source: str
    parents: tuple[str, ...]
    files: Mapping[str, bytes | Path] = field(repr=False)
    executable: frozenset[str] = field(default=frozenset(), repr=False)
    program: str = ""
    product: str = ""
    version: tuple[str, ...] = ()
    go: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def internal(self) -> bool:
        """Whether it is only built upon."""
        return self.source == "internal"

    @property
    def kind(self) -> str:
        """``real`` or ``stand-in``, for the lock."""
        return "stand-in" if self.source == "stand-in" or self.name in OUTSIDE else "real"

    @property
    def wheels(self) -> Path | None:
        """Its requirements.txt, when pip is to install something in the build."""
        return self.folder / "requirements.txt" if "requirements.txt" in self.files else None

    def digest(self, parent_tags: Iterable[str]) -> str:
        """Tag of the image: 12 hex digits over its files, what Go builds, and the parents' tags.

        Large files count by size and time of change, as for make.
        """
        sha = hashlib.sha256()
        for part in ("2", *parent_tags, *sorted(map("=".join, self.go.items())), *self.tags):
            sha.update(f"{part}\0".encode())
        for name in sorted(self.files):
            sha.update(f"{name}\0{name in self.executable}\0".encode())
            sha.update(_identity(self.files[name]))
        return sha.hexdigest()[:12]

    def context(self, tags: Mapping[str, str], built: Mapping[str, Path] | None = None) -> IO[bytes]:
        """Build context as a tar file; FROM lines name their parents by tag, so that nothing else can get in."""
        stream = tempfile.TemporaryFile(dir=cache_dir())  # noqa: SIM115 - the caller closes it
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for name, content in {
                **self.files,
                **{f"program/{n}": p for n, p in (built or {}).items()},
            }.items():
                if isinstance(content, Path):
                    tar.add(content, name, filter=_root_owns)
                    continue
                data = pinned(content.decode(), tags).encode() if name == "Dockerfile" else content
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(data), 0o755 if name in self.executable else 0o644
                tar.addfile(entry, io.BytesIO(data))
        stream.seek(0)
        return stream


def _identity(content: bytes | Path) -> bytes:
    if isinstance(content, bytes):
        return content
    about = content.lstat()
    return f"{about.st_size} {about.st_mtime_ns} {about.st_mode}".encode()


def _root_owns(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


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


def read(folder: Path) -> Recipe:
    """The recipe of one folder with a Dockerfile: from packages, or internal where no recipe.yaml describes it."""
    told = _described(folder)
    files = {name: content for name, content in _own(folder).items() if name != "recipe.yaml"}
    source = "package" if told else "internal"
    return _recipe(folder.name, folder, source, files, told)


def read_all(
    recipes: Path, programs: Path | None = None, *, descriptions: Path | None = None
) -> dict[str, Recipe]:
    """All images by name, each from the first source that is there: a found program, a package, a stand-in.

    Args:
        recipes: a folder for each image or group of images.
        programs: folder with a subfolder for each program that was found.
        descriptions: of stand-ins.

    Raises:
        ImagesError: a recipe cannot be read, a found program is incomplete, or belongs to no image here.
    """
    found: dict[str, Recipe] = {}
    takers: list[str] = []
    if recipes == RECIPES or descriptions:
        found["stand-in"] = _program_of_stand_ins()
        for path in sorted((descriptions or DESCRIPTIONS).glob("*.yaml")):
            found[path.stem] = _stand_in(path)
    for folder in sorted(path for path in recipes.iterdir() if path.is_dir()):
        if (folder / "Dockerfile").exists():
            found[folder.name] = read(folder)
        told = _described(folder)
        for name in told.get("images", [folder.name]) if "found" in told else ():
            takers.append(name)
            if programs and (programs / name).is_dir() and any((programs / name).iterdir()):
                found[name] = _found(name, folder, told, programs / name)
    if programs:
        _refuse_others(programs, takers)
    return found


def _refuse_others(programs: Path, takers: list[str]) -> None:
    """With a misspelt folder, a stand-in would run although the program is there."""
    for path in sorted(programs.iterdir()):
        if path.is_dir() and path.name not in takers and not path.name.startswith("."):
            near = difflib.get_close_matches(path.name, takers, 1)
            raise ImagesError(
                f"{path}: no image takes a program from a folder of that name"
                + (f"; did you mean {near[0]}?" if near else "")
                + f"\n  allowed: {', '.join(sorted(takers))}; rename or remove the folder"
            )


def _found(name: str, folder: Path, told: Mapping[str, Any], program: Path) -> Recipe:
    """A program that was put into the folder of programs; all that it needs must be there."""
    missing = [file for file in told["found"] if not (program / file).exists()]
    if missing:
        raise ImagesError(
            f"{program}: {', '.join(missing)} is missing; a program of {name} needs {', '.join(told['found'])}\n"
            "  put it there, or remove the folder to use a package or a stand-in"
        )
    files = {
        name: content
        for name, content in _own(folder).items()
        if not name.startswith(("Dockerfile", "recipe"))
    }
    dockerfile = (folder / "Dockerfile.found").read_text().replace("IMAGE", name)
    trees = _tree(program, "program")
    told = {
        **told,
        "program": f"{name} found in the folder of programs",
        "product": "",
        "lacks": [],
        "go": {},
        "tags": [],
    }
    return _recipe(name, folder, "found", {**files, "Dockerfile": dockerfile.encode(), **trees}, told)


def _program_of_stand_ins() -> Recipe:
    folder = DESCRIPTIONS.parent
    files = {
        name: content for name, content in _own(folder).items() if not name.startswith(DESCRIPTIONS.name)
    }
    return _recipe("stand-in", folder, "internal", files, {})


def _stand_in(path: Path) -> Recipe:
    try:
        description = parse(path.read_text(), f"images/standin/descriptions/{path.name}")
    except Refusal as error:
        raise ImagesError(str(error)) from None
    dockerfile = _STAND_IN.format(
        user=description.user if not description.gives_up_root else "0:0",
        entrypoint=description.programs[0],
        working_directory=description.folders[0] if description.folders else "/",
    )
    files: dict[str, bytes | Path] = {"Dockerfile": dockerfile.encode(), "stand-in.yaml": path.read_bytes()}
    return _recipe(path.stem, path.parent, "stand-in", files, {"program": "the stand-in: wiring only"})


def _recipe(
    name: str, folder: Path, source: str, files: Mapping[str, bytes | Path], told: Mapping[str, Any]
) -> Recipe:
    dockerfile = files["Dockerfile"]
    assert isinstance(dockerfile, bytes)
    try:
        above = parents(dockerfile.decode())
    except ImagesError as error:
        raise ImagesError(f"{name}/Dockerfile: {error}") from None
    return Recipe(
        name=name, folder=folder, source=source, parents=above, files=files,
        executable=frozenset(file for file, _ in _walk(folder) if os.access(folder / file, os.X_OK)),
        program=told.get("program", ""), product=told.get("product", ""), version=tuple(told.get("version", ())), go=told.get("go") or {},
        tags=tuple(told.get("tags") or ()), lacks=tuple(told.get("lacks") or ()),
        differences=tuple(told.get("differences") or ()),
    )  # fmt: skip


def _described(folder: Path) -> dict[str, Any]:
    path = folder / "recipe.yaml"
    if not path.exists():
        return {}
    data: Any = YAML(typ="safe", pure=True).load(path.read_text())
    if not isinstance(data, dict) or set(data) - set(_KEYS):
        unknown = sorted(set(data) - set(_KEYS)) if isinstance(data, dict) else ["no mapping"]
        raise ImagesError(
            f"{folder.name}/recipe.yaml: {', '.join(unknown)}: unknown; allowed: {', '.join(_KEYS)}"
        )
    return data


def _own(folder: Path) -> dict[str, bytes | Path]:
    return {name: path.read_bytes() for name, path in _walk(folder)}


def _walk(folder: Path) -> list[tuple[str, Path]]:
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not _IGNORED.intersection(relative.parts) and path.suffix != ".pyc":
            found.append((relative.as_posix(), path))
    return found


def _tree(folder: Path, at: str) -> dict[str, bytes | Path]:
    """All files of a tree, symbolic links unchanged; it may have 100,000 files."""
    found: dict[str, bytes | Path] = {}
    for parent, folders, files in os.walk(folder):
        inside = f"{at}{parent[len(str(folder)) :]}"
        links = [name for name in folders if os.path.islink(f"{parent}/{name}")]
        for name in (*files, *links):
            found[f"{inside}/{name}"] = Path(parent, name)
    return found
