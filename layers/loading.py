"""From ``environments/<name>.yaml`` to a checked :class:`Environment`."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from .errors import SettingsError
from .settings.environment import Environment
from .settings.resources import Share

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / "environments"
ELSEWHERE = "SPROCKET_ENVIRONMENTS"
"""Environment variable: another folder of environment files, such as a copy that a rehearsal edits."""


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
            another. All findings of a file are in one message, a line each.
    """
    folder = folder or environments_folder()
    path = folder / f"{name}.yaml"
    document = read_environment(name, folder)
    try:
        return Environment.model_validate({"name": name, **document})
    except ValidationError as error:
        raise SettingsError(_explain(path.name, error, Environment)) from None


def read_environment(name: str, folder: Path | None = None) -> dict[str, Any]:
    """What an environment's file says, unchecked, over what the file says that it is ``like``.

    A key that is given replaces the other file's whole key: nobody has to know both to see what a pool is.

    Raises:
        SettingsError: there is no such file, or it is like one that there is not, or like one that is like a third.
    """
    folder = folder or environments_folder()
    path = folder / f"{name}.yaml"
    names = environment_names(folder)
    if not path.is_file():
        where = "environments" if folder == ENVIRONMENTS else str(folder)
        raise SettingsError(
            f"{path.name}: there is no environment {name!r}; use one of {', '.join(names) or 'none'}, or add {where}/{path.name}"
        )
    document = read_yaml(path)
    if "name" in document:
        raise SettingsError(f"{path.name}: name: is taken from the file's name; remove it")
    like = document.get("like")
    if like is None:
        return document
    others = [other for other in names if other != name]
    if like not in others:
        raise SettingsError(
            f"{path.name}: like: there is no other environment {like!r}; use one of {', '.join(others)}"
        )
    first = read_yaml(folder / f"{like}.yaml")
    if "like" in first:
        raise SettingsError(
            f"{path.name}: like: {like} is itself like {first['like']}; name {first['like']}, so that two files tell all"
        )
    return {**first, **document}


def load_resources(table: str, folder: Path | None = None) -> dict[str, Share]:
    """The table of limits and reservations of that name, by service."""
    folder = folder or environments_folder()
    path = folder / "resources" / f"{table}.yaml"
    if not path.is_file():
        have = ", ".join(sorted(p.stem for p in (folder / "resources").glob("*.yaml")))
        raise SettingsError(f"resources_table: there is no resources/{path.name}; use one of {have}")
    try:
        return TypeAdapter(dict[str, Share]).validate_python(read_yaml(path))
    except ValidationError as error:
        raise SettingsError(_explain(f"resources/{path.name}", error, Share)) from None


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file as a mapping; a broken one, or one with a key twice, is an error that names the line."""
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text())
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        raise SettingsError(
            f"{path.name}: {line}: this is not YAML ({_first_line(error.problem)}); mend that line"
        ) from None
    except OSError as error:
        raise SettingsError(f"{path.name}: cannot be read ({error.strerror}); check the file") from None
    if not isinstance(document, Mapping):
        raise SettingsError(f"{path.name}: has no settings; it must be a mapping of keys to values")
    return dict(document)


def _first_line(text: object) -> str:
    return str(text or "unknown problem").splitlines()[0]


def _explain(file: str, error: ValidationError, model: type[BaseModel]) -> str:
    return "\n".join(_line(file, detail, model) for detail in error.errors(include_url=False))


def _line(file: str, detail: ErrorDetails, model: type[BaseModel]) -> str:
    path = "/".join(str(part) for part in detail["loc"] if part != "[key]") or "(whole file)"
    if detail["type"] == "extra_forbidden":
        return f"{file}: {path}: is not a setting{_suggestion(detail, model)}"
    if detail["type"] == "missing":
        return f"{file}: {path}: is missing; add it{_meaning(detail, model)}"
    if detail["type"] == "too_short":
        return f"{file}: {path}: is empty; give at least one{_meaning(detail, model)}"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error":
        return f"{file}: {path}: {message}"
    return f"{file}: {path}: {_lower(message)}, not {detail['input']!r}; change the value{_meaning(detail, model)}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _suggestion(detail: ErrorDetails, model: type[BaseModel]) -> str:
    known = _fields_at(detail["loc"][:-1], model)
    close = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known here: {', '.join(known)}" if known else "; remove it"


def _meaning(detail: ErrorDetails, model: type[BaseModel]) -> str:
    holder = _model_at(detail["loc"][:-1], model)
    field = holder.model_fields.get(str(detail["loc"][-1])) if holder else None
    return f" ({field.description})" if field and field.description else ""


def _fields_at(loc: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    holder = _model_at(loc, model)
    return [name for name in holder.model_fields if name != "name"] if holder else []


def _model_at(loc: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel] | None:
    """The settings class at a path, through mappings and optional values."""
    annotation: Any = model
    for part in loc:
        holder = _model_in(annotation)
        if get_origin(annotation) is dict:
            annotation = get_args(annotation)[1]
        elif holder is not None and str(part) in holder.model_fields:
            annotation = holder.model_fields[str(part)].annotation
        else:
            return None
    return _model_in(annotation)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is dict:
        return None
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
