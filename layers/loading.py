"""From ``environments/<name>.yaml`` to a checked :class:`Environment`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .errors import SettingsError
from .settings.environment import Environment
from .settings.form import dashed, did_you_mean, nearest, shown
from .settings.model import EnvironmentName
from .settings.resources import Share
from .validation import problems_in
from .yaml_file import read_yaml

__all__ = [
    "ELSEWHERE",
    "ENVIRONMENTS",
    "ROOT",
    "environment_names",
    "environments_folder",
    "load_environment",
    "load_resources",
    "read_environment",
    "read_yaml",
    "table_names",
]

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / "environments"
ELSEWHERE = "SPROCKET_ENVIRONMENTS"
"""Environment variable: another folder of environment files, such as a copy that a rehearsal edits."""

LIKE = "like"
"""Key: the file that this one starts from."""

Document = dict[str, Any]


def environments_folder() -> Path:
    """Where environment files are read."""
    return Path(os.environ.get(ELSEWHERE) or ENVIRONMENTS)


def environment_names(folder: Path | None = None) -> list[str]:
    """Names of all environments, sorted."""
    return sorted(path.stem for path in (folder or environments_folder()).glob("*.yaml"))


def load_environment(name: str, folder: Path | None = None) -> Environment:
    """The environment of that name.

    Args:
        folder: of the files; by default that of :func:`environments_folder`.

    Raises:
        SettingsError: there is none, its YAML is broken, or a setting is unknown, of a wrong type or contradicts
            another. It has all problems of the file.
    """
    folder = folder or environments_folder()
    own, base = _documents(name, folder)
    document = merged(base, own)
    try:
        return Environment.model_validate({"name": name, **document})
    except ValidationError as error:
        raise SettingsError(*problems_in(error, Environment, _origin(name, own, base))) from None


def read_environment(name: str, folder: Path | None = None) -> Document:
    """What an environment's file says, unchecked, merged over what the file says that it is ``like``.

    Raises:
        SettingsError: there is no such file, or it is like one that there is not, or like one that is like a third.
    """
    own, base = _documents(name, folder or environments_folder())
    return merged(base, own)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Document:
    """One document over another: mappings are merged at every depth, anything else replaces what was there.

    ``null`` takes away what the other has. Where it has nothing, the null stays, for the key's own type to judge.
    """
    result = dict(base)
    for key, value in over.items():
        there = base.get(key)
        if value is None and key in base:
            del result[key]
        elif isinstance(value, Mapping) and isinstance(there, Mapping):
            result[key] = merged(there, value)
        else:
            result[key] = value
    return result


def table_names(folder: Path | None = None) -> list[str]:
    """Names of all tables of limits and reservations, sorted."""
    return sorted(path.stem for path in ((folder or environments_folder()) / "resources").glob("*.yaml"))


def load_resources(table: str, folder: Path | None = None, *, wanted_by: str = "") -> dict[str, Share]:
    """The table of limits and reservations of that name, by service; merged over the table that it is ``like``.

    Args:
        wanted_by: the environment that names the table, for messages.

    Raises:
        SettingsError: there is none, or something in it cannot be.
    """
    folder = folder or environments_folder()
    _check_table(
        table, table_names(folder), setting="resources_table", file=f"{wanted_by}.yaml" if wanted_by else ""
    )
    own, base = _tables(table, folder)
    like = own.pop(LIKE, table)

    def locate(path: tuple[str, ...]) -> str:
        inherited = not _has(own, path) and _has(base, path)
        return f"resources/{like if inherited else table}.yaml"

    try:
        return TypeAdapter(dict[str, Share]).validate_python(merged(base, own))
    except ValidationError as error:
        raise SettingsError(*problems_in(error, dict[str, Share], locate)) from None


def _tables(table: str, folder: Path) -> tuple[Document, Document]:
    """What the table itself says, and what the table says that it is like."""
    file = f"resources/{table}.yaml"
    own = read_yaml(folder / file, file)
    like = own.get(LIKE)
    if like is None:
        return own, {}
    others = [name for name in table_names(folder) if name != table]
    _check_table(like, others, setting=LIKE, file=file)
    base = read_yaml(folder / f"resources/{like}.yaml", f"resources/{like}.yaml")
    if LIKE in base:
        raise SettingsError.of(
            f"{like} is itself like {shown(base[LIKE])}",
            fix="name a table without like, so that two files tell all",
            setting=LIKE,
            file=file,
        )
    return own, base


def _check_table(table: object, tables: list[str], *, setting: str, file: str) -> None:
    if table not in tables:
        raise SettingsError.of(
            f"there is no {'other ' if setting == LIKE else ''}resources/{table}.yaml",
            allowed=f"tables are {', '.join(tables) or 'none'}",
            fix=did_you_mean(table, tables, otherwise="use one of those or add it"),
            setting=setting,
            file=file,
        )


def _documents(name: str, folder: Path) -> tuple[Document, Document]:
    """What the environment's own file says, and what the file says that it is like."""
    own = _document(name, folder)
    like = own.get("like")
    if like is None:
        return own, {}
    _check_like(name, like, folder)
    return own, _document(str(like), folder)


def _document(name: str, folder: Path) -> Document:
    _check_exists(name, folder)
    file = f"{name}.yaml"
    document = read_yaml(folder / file, file)
    if "name" in document:
        raise SettingsError.of("is taken from the file's name", fix="remove it", setting="name", file=file)
    return document


def _check_exists(name: str, folder: Path) -> None:
    names = environment_names(folder)
    where = "environments" if folder == ENVIRONMENTS else str(folder)
    if not EnvironmentName.fits(name):
        meant = dashed(name)
        file = f"{where}/{name}.yaml"
        fix = (
            f"rename {file} to {meant}.yaml"
            if name in names
            else did_you_mean(name, names, otherwise=_use(names))
        )
        raise SettingsError.of(
            f"{shown(name)} is not {EnvironmentName.what}",
            allowed=f"use {EnvironmentName.allowed}",
            fix=fix,
            file=f"{name}.yaml" if name in names else "environments",
        )
    if name in names:
        return
    other = next((each for each in folder.glob(f"{name}.y*ml") if each.suffix != ".yaml"), None)
    if other is not None:
        raise SettingsError.of(
            "is not read, files of environments end in .yaml",
            fix=f"rename {where}/{other.name} to {name}.yaml",
            file=other.name,
        )
    near = nearest(name, names)
    raise SettingsError.of(
        f"there is no environment {name!r}",
        fix=f"{f'did you mean {near[0]}? ' if near else ''}{_use(names)}, or add {where}/{name}.yaml",
        file=f"{name}.yaml",
    )


def _use(names: list[str]) -> str:
    return f"use one of {', '.join(names)}" if names else "there are none"


def _check_like(name: str, like: object, folder: Path) -> None:
    """Only two files are merged: the environment's own, and one without like."""
    file, setting = f"{name}.yaml", "like"
    others = [other for other in environment_names(folder) if other != name]
    if like == name:
        raise SettingsError.of(
            "is the environment itself", fix="name another one, or remove it", setting=setting, file=file
        )
    if like not in others:
        raise SettingsError.of(
            f"there is no other environment {shown(like)}",
            fix=did_you_mean(like, others, otherwise=_use(others)),
            setting=setting,
            file=file,
        )
    chain = [name, str(like)]
    while (further := _document(chain[-1], folder).get("like")) is not None:
        chain.append(str(further))
        if further in chain[:-1]:
            circle = " -> ".join(chain[chain.index(str(further)) :])
            raise SettingsError.of(
                f"is circular: {circle}",
                fix="write one of these files without like",
                setting=setting,
                file=file,
            )
        if further not in others:
            break
    if len(chain) > 2:
        raise SettingsError.of(
            f"{like} is itself like {chain[2]}",
            fix=f"name {chain[-1]}, so that only two files are merged",
            setting=setting,
            file=file,
        )


def _origin(name: str, own: Document, base: Document) -> Callable[[tuple[str, ...]], str]:
    """Which file a setting is in: the own one, unless only the one that it is like has it."""

    def locate(path: tuple[str, ...]) -> str:
        if path and not _has(own, path) and _has(base, path):
            return f"{own['like']}.yaml"
        return f"{name}.yaml"

    return locate


def _has(document: object, path: tuple[str, ...]) -> bool:
    for part in path:
        if isinstance(document, Mapping) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return False
    return True
