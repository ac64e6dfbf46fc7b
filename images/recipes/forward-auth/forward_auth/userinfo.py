"""What the provider said about a user, and the text form that rules and headers see."""

from __future__ import annotations

import json
from typing import Any


class MissingField(Exception):
    """The provider's answer has no such field."""


def as_text(value: Any) -> str:
    """The text the real program (Go, verb %v) makes of a JSON value: a list of roles becomes `[1 2]`."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + " ".join(as_text(item) for item in value) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{as_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, (int, float)):
        return _number(float(value))
    return str(value)


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return json.dumps(value).replace("E", "e")


def field_text(userinfo: Any, path: str) -> str | None:
    """The text of the field at a dotted path, None where there is none."""
    try:
        return as_text(_walk(userinfo, path))
    except MissingField:
        return None


def limit_fields(userinfo: Any, fields: list[str]) -> dict[str, Any]:
    """Only these fields, as text, nested as before; `MissingField` names the first that is absent."""
    kept: dict[str, Any] = {}
    for field in fields:
        value = as_text(_walk(userinfo, field))
        place = kept
        *parents, last = field.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return kept


def _walk(userinfo: Any, path: str) -> Any:
    value = userinfo
    for key in path.split("."):
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            raise MissingField(f"field {path} not found in userinfo")
    return value
