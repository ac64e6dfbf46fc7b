"""From a file's text to its values, each under the key that a person would look for."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

Scalar = str | int | float | bool | None

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Value:
    """One value of a file: ``redis/port`` of JSON or YAML, ``PGHOST`` of a shell file, else ``line 12``."""

    key: str
    value: Scalar

    @property
    def parent(self) -> str:
        """The key of what holds it."""
        return self.key.rpartition("/")[0]

    @property
    def last(self) -> str:
        """The last part of its key."""
        return self.key.rpartition("/")[2]


class Broken(ValueError):
    """The file is not in the language that its name promises."""


@cache
def parsed(path: str, text: str) -> Any:
    """The data of a JSON, YAML, TOML or INI file; ``None`` for any other. Not to be changed: it is kept.

    Raises:
        Broken: the file is none.
    """
    kind = _kind(path)
    try:
        if kind == "JSON":
            return json.loads(text)
        if kind == "YAML":
            return YAML(typ="safe").load(text)
        if kind == "TOML":
            return tomllib.loads(text)
        if kind == "INI":
            return _ini(text)
    except (ValueError, YAMLError, configparser.Error) as error:
        problem = str(getattr(error, "problem", None) or error).splitlines()[0]
        raise Broken(f"is not {kind} ({problem})") from None
    return None


@cache
def values(path: str, text: str) -> tuple[Value, ...]:
    """All values of a file. One that is broken, or in a language of its own, is read line by line."""
    try:
        data = parsed(path, text)
    except Broken:
        data = None
    return tuple(_lines(text) if data is None else _flat(data, ""))


def _kind(path: str) -> str:
    if path.startswith("/etc/telegraf/"):
        return "TOML"
    suffixes = {"json": "JSON", "yaml": "YAML", "yml": "YAML", "ini": "INI"}
    return suffixes.get(path.rpartition(".")[2], "")


def _ini(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.read_string(text)
    return {section: dict(parser.items(section)) for section in parser.sections()}


def _flat(data: Any, key: str) -> Iterator[Value]:
    if isinstance(data, Mapping):
        for name, inner in data.items():
            yield from _flat(inner, f"{key}/{name}" if key else str(name))
    elif isinstance(data, list):
        for number, inner in enumerate(data):
            yield from _flat(inner, f"{key}/{number}" if key else str(number))
    else:
        yield Value(key, data if isinstance(data, Scalar) else str(data))


def _lines(text: str) -> Iterator[Value]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith(("#", "//")):
            continue
        settings = list(_assignments(line))
        yield from settings or [Value(f"line {number}", line)]


def _assignments(line: str) -> Iterator[Value]:
    """``NAME=value``, several in a line too, when there is nothing else in it."""
    try:
        words = [word for word in shlex.split(line) if word != "export"]
    except ValueError:
        return
    pairs = [word.partition("=") for word in words]
    if all(equals and _ASSIGNMENT.fullmatch(name) for name, equals, _ in pairs):
        yield from (Value(name, value) for name, _, value in pairs)
