"""From ``environments/<name>.yaml`` to a checked :class:`Environment`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .errors import Problem, SettingsError
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
    "folder_problem",
    "instead_of",
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


def folder_problem(folder: Path | None = None) -> Problem | None:
    """Why no environment can be read in a folder, whatever its name; None where there are some.

    Args:
        folder: by default that of :func:`environments_folder`.
    """
    folder = folder or environments_folder()
    is_elsewhere = bool(os.environ.get(ELSEWHERE)) and folder == environments_folder()
    if not folder.is_dir():
        problem = f"{folder} is not a folder"
    elif not environment_names(folder):
        problem = f"there is no environment in {folder}"
    else:
        return None
    return Problem(
        problem=problem,
        fix=f"unset {ELSEWHERE}, or name a folder with environment files"
        if is_elsewhere
        else "add a file, such as prod.yaml",
        file=ELSEWHERE if is_elsewhere else "environments",
    )


def instead_of(name: str, names: Iterable[str], *further: str) -> str:
    """What to do about a name that no environment has: the nearest, all names, and further ways.

    Files that no environment can be called like are not proposed.
    """
    usable = [each for each in names if EnvironmentName.fits(each)]
    near = nearest(name, usable)
    meant = f"did you mean {near[0]}? " if near else ""
    ways = (f"use one of {', '.join(usable)}" if usable else "", *further)
    return meant + (
        ", or ".join(way for way in ways if way) or f"use a name such as {EnvironmentName.example}"
    )


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
        found = problems_in(error, Environment, _origin(f"{name}.yaml", own, f"{own.get(LIKE)}.yaml", base))
        raise SettingsError(*_in_the_file_to_edit(found, name, own, base)) from None


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
    _check_table(table, table_names(folder), file=f"{wanted_by}.yaml" if wanted_by else "")
    own, base = _tables(table, folder)
    like = own.pop(LIKE, table)
    try:
        return TypeAdapter(dict[str, Share]).validate_python(merged(base, own))
    except ValidationError as error:
        locate = _origin(f"resources/{table}.yaml", own, f"resources/{like}.yaml", base)
        raise SettingsError(*problems_in(error, dict[str, Share], locate)) from None


def _tables(table: str, folder: Path) -> tuple[Document, Document]:
    """What the table itself says, and what the table says that it is like."""

    def read(name: str) -> Document:
        file = f"resources/{name}.yaml"
        return read_yaml(folder / file, file)

    return _own_and_like(
        table, read, lambda: table_names(folder), kind="table", file=f"resources/{table}.yaml"
    )


def _check_table(table: str, tables: list[str], *, file: str) -> None:
    if table not in tables:
        raise SettingsError.of(
            f"there is no resources/{table}.yaml",
            allowed=f"tables are {', '.join(tables) or 'none'}",
            fix=did_you_mean(table, tables, otherwise="use one of those or add it"),
            setting="resources_table",
            file=file,
        )


def _documents(name: str, folder: Path) -> tuple[Document, Document]:
    """What the environment's own file says, and what the file says that it is like."""

    def read(name: str) -> Document:
        return _document(name, folder)

    return _own_and_like(
        name, read, lambda: environment_names(folder), kind="environment", file=f"{name}.yaml"
    )


def _own_and_like(
    name: str,
    read: Callable[[str], Document],
    names: Callable[[], list[str]],
    *,
    kind: str,
    file: str,
) -> tuple[Document, Document]:
    """A file of a kind, and the one that it is like; the second is empty where it is like none.

    Args:
        read: the file of that kind and name.
        names: of all files of that kind.
        kind: environment or table, for messages.
        file: the first one's path, for messages.
    """
    own = read(name)
    like = own.get(LIKE)
    if like is None:
        return own, {}
    _check_like(name, like, names(), read, kind=kind, file=file)
    return own, read(str(like))


def _document(name: str, folder: Path) -> Document:
    _check_exists(name, folder)
    file = f"{name}.yaml"
    document = read_yaml(folder / file, file)
    if "name" in document:
        raise SettingsError.of("is taken from the file's name", fix="remove it", setting="name", file=file)
    return document


def _check_exists(name: str, folder: Path) -> None:
    names = environment_names(folder)
    fits = EnvironmentName.fits(name)
    other = (
        next((each for each in folder.glob(f"{name}.y*ml") if each.suffix != ".yaml"), None) if fits else None
    )
    if other is None and (problem := folder_problem(folder)):
        raise SettingsError(problem)
    where = "environments" if folder == ENVIRONMENTS else str(folder)
    if not fits:
        is_there = name in names
        raise SettingsError.of(
            f"{shown(name)} is not {EnvironmentName.what}",
            allowed=f"use {EnvironmentName.allowed}",
            fix=f"rename {where}/{name}.yaml to {_proper(name, names)}"
            if is_there
            else instead_of(name, names),
            file=f"{name}.yaml" if is_there else "environments",
        )
    if name in names:
        return
    if other is not None:
        raise SettingsError.of(
            "is not read, files of environments end in .yaml",
            fix=f"rename {where}/{other.name} to {name}.yaml",
            file=other.name,
        )
    raise SettingsError.of(
        f"there is no environment {name!r}",
        fix=instead_of(name, names, f"add {where}/{name}.yaml"),
        file=f"{name}.yaml",
    )


def _proper(name: str, names: list[str]) -> str:
    """The file's name that was probably meant, where an environment can have it and none has."""
    meant = dashed(name)
    return f"{meant}.yaml" if EnvironmentName.fits(meant) and meant not in names else "such a name"


def _check_like(
    name: str, like: object, names: list[str], read: Callable[[str], Document], *, kind: str, file: str
) -> None:
    """Only two files are merged: the own one, and one without like.

    Args:
        kind: of files: environment or table.
        read: the file of that kind and name.
    """

    def refusal(problem: str, fix: str) -> SettingsError:
        return SettingsError.of(problem, fix=fix, setting=LIKE, file=file)

    if not isinstance(like, str):
        raise refusal(f"is {shown(like)}, and text is needed", f"write the name of one {kind}, or remove it")
    others = [other for other in names if other != name]
    if like == name:
        raise refusal(f"is the {kind} itself", "name another one, or remove it")
    if like not in others:
        raise refusal(
            f"there is no other {kind} {shown(like)}",
            did_you_mean(
                like, others, otherwise=f"use one of {', '.join(others)}" if others else "remove it"
            ),
        )
    chain = [name, like]
    while (further := read(chain[-1]).get(LIKE)) is not None:
        if further in chain:
            circle = " -> ".join([*chain[chain.index(further) :], further])
            raise refusal(f"is circular: {circle}", "write one of these files without like")
        if further not in others:
            raise refusal(
                f"{chain[-1]} is itself like {shown(further)}, which is no other {kind}",
                f"name one without like, or remove it from {chain[-1]}",
            )
        chain.append(further)
    if len(chain) > 2:
        raise refusal(
            f"{like} is itself like {chain[2]}", f"name {chain[-1]}, so that only two files are merged"
        )


def _origin(file: str, own: Document, like: str, base: Document) -> Callable[[tuple[str, ...]], str]:
    """Which file a setting is in: the own one, unless only the one that it is like has it."""

    def locate(path: tuple[str, ...]) -> str:
        return like if path and not _has(own, path) and _has(base, path) else file

    return locate


def _in_the_file_to_edit(
    problems: list[Problem], name: str, own: Document, base: Document
) -> Iterator[Problem]:
    """Problems of inherited settings stay with the other file only where that one has them by itself.

    Settings contradict each other across files: what the other one says is right there, and must not be changed there.
    """
    other = str(own.get(LIKE))
    of_other = {(each.setting, each.problem) for each in _problems_of(other, base)} if base else set()
    for problem in problems:
        if problem.file != f"{other}.yaml" or (problem.setting, problem.problem) in of_other:
            yield problem
        else:
            fix = f"{problem.fix}; set it in {name}.yaml (inherited from {problem.file})"
            yield replace(problem, file=f"{name}.yaml", fix=fix)


def _problems_of(name: str, document: Document) -> list[Problem]:
    try:
        Environment.model_validate({"name": name, **document})
    except ValidationError as error:
        return problems_in(error, Environment, lambda path: f"{name}.yaml")
    return []


def _has(document: object, path: tuple[str, ...]) -> bool:
    for part in path:
        if isinstance(document, Mapping) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return False
    return True
