"""A YAML file as plain values, or a problem in words, whatever is in it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError

from .errors import Problem, SettingsError
from .settings.form import setting_path, shown

LARGEST = 1_000_000
"""Bytes. The largest file of the repository has a hundredth of that; a parser in Python takes seconds for this."""

DEEPEST = 30
MOST_VALUES = 50_000
"""Values after anchors were followed: a few lines can stand for billions."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SCALARS = (str, int, float, bool, datetime.date, type(None))


def read_yaml(path: Path, name: str | None = None) -> dict[str, Any]:
    """The mapping in a YAML file.

    Args:
        name: of the file in messages, such as ``resources/small.yaml``; by default its last part.

    Raises:
        SettingsError: it cannot be read, is not YAML or not a mapping, has a key twice, or something in it that is neither a
            mapping, a list nor a single value. All of the last kind at once.
    """
    name = name or path.name
    document = _parsed(_text(path, name), name)
    if document is None:
        raise SettingsError.of("is empty", fix="write at least one key and its value", file=name)
    if not isinstance(document, dict):
        raise SettingsError.of(
            f"has no settings: it is {shown(document)}", fix="make it a mapping of keys to values", file=name
        )
    plain = _Plain(name)
    found: dict[str, Any] = plain.copy(document, ())
    if plain.problems:
        raise SettingsError(*plain.problems)
    return found


def _text(path: Path, name: str) -> str:
    if path.is_dir():
        raise SettingsError.of("is a folder, not a file", fix="put the settings into a file", file=name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError.of(
            f"cannot be read ({error.strerror})", fix="check the file", file=name
        ) from None
    if len(data) > LARGEST:
        raise SettingsError.of(
            f"has {len(data)} bytes, more than {LARGEST}", fix="check that it is the right file", file=name
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        cause = (
            "it is UTF-16" if data.startswith(UTF_16) else f"byte 0x{data[error.start]:02x} in line {line}"
        )
        raise SettingsError.of(
            f"is not UTF-8 text ({cause})", fix="save it as UTF-8 in your editor", file=name
        ) from None


def _parsed(text: str, name: str) -> object:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except DuplicateKeyError as error:
        raise SettingsError.of(
            f"{_first_line(error.problem)}", fix="remove one of the two", file=f"{name}: {_place(error)}"
        ) from None
    except MarkedYAMLError as error:
        raise SettingsError.of(
            f"this is not YAML ({_first_line(error.problem)})",
            fix="fix that line",
            file=f"{name}: {_place(error)}",
        ) from None
    except RecursionError:
        raise SettingsError.of("is nested too deeply", fix="check its brackets", file=name) from None
    except Exception as error:  # the parser lets errors of Python through: of dates, numbers, characters
        raise SettingsError.of(
            f"this is not YAML ({_first_line(error) or type(error).__name__})", fix="fix the file", file=name
        ) from None


def _place(error: MarkedYAMLError) -> str:
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"


def _first_line(text: object) -> str:
    words = str(text or "").strip() or "unknown problem"
    line = words.splitlines()[0]
    # ruamel repeats the value of a key that stands twice; the key is enough.
    return line.split(" with value ")[0][:200]


class _Plain:
    """Copies what was parsed, and notes what is in it beside mappings, lists and single values."""

    def __init__(self, name: str) -> None:
        self.problems: list[Problem] = []
        self._name = name
        self._values = 0
        self._open: set[int] = set()

    def copy(self, value: Any, path: tuple[str, ...]) -> Any:
        self._values += 1
        if self._values > MOST_VALUES:
            self._note(
                (), f"stands for more than {MOST_VALUES} values, through its anchors", "write fewer of them"
            )
            raise SettingsError(*self.problems)
        if isinstance(value, _SCALARS):
            return value
        if not isinstance(value, dict | list):
            self._note(
                path,
                f"is {shown(value)}, through its tag or type",
                "write text, a number, a list or a mapping",
            )
            return None
        if id(value) in self._open:
            self._note(path, "refers to itself, through its anchor", "write its value out")
            return None
        if len(path) > DEEPEST:
            self._note(path[:3], f"is nested more than {DEEPEST} deep", "check its brackets and indents")
            return None
        self._open.add(id(value))
        try:
            return self._copy_all(value, path)
        finally:
            self._open.discard(id(value))

    def _copy_all(self, value: dict[Any, Any] | list[Any], path: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            return [self.copy(each, (*path, str(place))) for place, each in enumerate(value)]
        found = {}
        for key, each in value.items():
            if isinstance(key, str):
                found[key] = self.copy(each, (*path, key))
            else:
                self._note(
                    path,
                    f"has {'an empty one (null)' if key is None else shown(key)} as a key",
                    "keys are text; put it in quotes",
                )
        return found

    def _note(self, path: tuple[str, ...], problem: str, fix: str) -> None:
        self.problems.append(Problem(file=self._name, setting=setting_path(path), problem=problem, fix=fix))
