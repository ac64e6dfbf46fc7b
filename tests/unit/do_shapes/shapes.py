"""Whether requests and answers have the fields that the tables beside this file say."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any
from uuid import UUID

from ruamel.yaml import YAML

FOLDER = Path(__file__).parent


@cache
def tables() -> tuple[dict[str, Any], dict[str, Any]]:
    """All types and all routes, of all files."""
    types: dict[str, Any] = {}
    routes: dict[str, Any] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        read = YAML(typ="safe").load(path.read_text())
        for name, into in (("types", types), ("routes", routes)):
            twice = into.keys() & read[name].keys()
            assert not twice, f"{path.name}: {twice} is in another file too"
            into.update(read[name])
    return types, routes


def faults_of_request(route: str, body: Any) -> list[str]:
    """What is wrong with the body of a request; a route without a table takes none."""
    shape = tables()[1][route].get("request")
    if shape is None:
        return [f"{route}: takes no body"] if body else []
    return faults(shape, body or {}, f"{route} request")


def faults_of_answer(route: str, status: int, body: Any) -> list[str]:
    if status >= 400:
        return faults("@error", body, f"{route} {status}")
    answers = tables()[1][route]["answers"]
    if status not in answers:
        return [f"{route}: answered {status}, should be {', '.join(map(str, answers))}"]
    if answers[status] is None:
        return [f"{route} {status}: must have no body"] if body else []
    return faults(answers[status], body, f"{route} {status}")


def faults(shape: Any, value: Any, at: str) -> list[str]:
    """Every place where the value is not of the shape."""
    if isinstance(shape, str):
        return _faults_of_word(shape, value, at)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{at}: {value!r} is no list"]
        return [
            fault for number, one in enumerate(value) for fault in faults(shape[0], one, f"{at}[{number}]")
        ]
    if shape is None:
        return [] if value is None else [f"{at}: {value!r} is not null"]
    if "one_of" in shape:
        tried = [faults(one, value, at) for one in shape["one_of"]]
        return [] if any(not one for one in tried) else min(tried, key=len)
    return _faults_of_object(shape, value, at)


def _faults_of_object(shape: dict[str, Any], value: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at}: {value!r} is no object"]
    fields = {name.removesuffix("!"): one for name, one in shape.items()}
    found = [f"{at}: no field {name}" for name in value if name not in fields]
    found += [
        f"{at}: {name[:-1]} is missing" for name in shape if name.endswith("!") and name[:-1] not in value
    ]
    for name, one in value.items():
        if name in fields:
            found += faults(fields[name], one, f"{at}.{name}")
    return found


def _faults_of_word(shape: str, value: Any, at: str) -> list[str]:
    if shape.startswith("@"):
        return faults(tables()[0][shape[1:]], value, at)
    if shape.startswith("="):
        return [] if value in shape[1:].split("|") else [f"{at}: {value!r} is not of {shape[1:]}"]
    if shape.endswith("?") and value is None:
        return []
    return [] if TYPES[shape.removesuffix("?")](value) else [f"{at}: {value!r} is no {shape}"]


def _parses(kind: Any, value: Any) -> bool:
    try:
        kind(value)
    except (ValueError, TypeError, AttributeError):
        return False
    return isinstance(value, str)


def _is_time(value: Any) -> bool:
    exact = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value)
    return bool(exact) and _parses(datetime.fromisoformat, value)


TYPES: dict[str, Any] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "uuid": lambda value: _parses(UUID, value),
    "time": _is_time,
    "ipv4": lambda value: _parses(IPv4Address, value),
    "ipv6": lambda value: _parses(IPv6Address, value),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
    "any": lambda value: True,
}
