"""Line protocol: measurement,tag=value field=value time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PRECISION = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
Value = float | int | bool | str


class LineError(ValueError):
    """A line or the precision cannot be read; the message quotes it."""


@dataclass(frozen=True)
class Point:
    """One value of one field at one time (nanoseconds since 1970)."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    field: str
    value: Value
    time: int


def parse(text: str, precision: str, now: int) -> list[Point]:
    """All points of the text; a line without time gets `now` (nanoseconds). LineError for what cannot be read."""
    if precision not in PRECISION:
        raise LineError("invalid precision; valid precision units are ns, us, ms, and s")
    points: list[Point] = []
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            points += _line(stripped, PRECISION[precision], now)
    return points


def _line(line: str, factor: int, now: int) -> list[Point]:
    parts = list(_split(line, " "))
    if len(parts) not in (2, 3):
        reason = "missing fields" if len(parts) < 2 else "invalid timestamp"
        raise LineError(f"unable to parse '{line}': {reason}")
    measurement, *tags = _split(parts[0], ",")
    try:
        time = int(parts[2]) * factor if len(parts) == 3 else now
        pairs = tuple(sorted(_pair(tag) for tag in tags))
        fields = [_pair(field, keep=True) for field in _split(parts[1], ",")]
        return [Point(_plain(measurement), pairs, name, _value(value), time) for name, value in fields]
    except ValueError as error:
        raise LineError(f"unable to parse '{line}': {error}") from error


def _split(text: str, sign: str) -> Iterator[str]:
    """Split at unescaped signs outside of quotes; quotes count only after the first unescaped `=`."""
    start, index, quoted, seen = 0, 0, False, False
    while index < len(text):
        character = text[index]
        if character == "\\":
            index += 1
        elif character == "=":
            seen = True
        elif character == '"' and seen:
            quoted = not quoted
        elif character == sign and not quoted:
            yield text[start:index]
            start = index + 1
        index += 1
    yield text[start:]


def _pair(text: str, *, keep: bool = False) -> tuple[str, str]:
    index = 0
    while index < len(text) and text[index] != "=":
        index += 2 if text[index] == "\\" else 1
    name, value = text[:index], text[index + 1 :]
    if not name or not value:
        raise ValueError(f"invalid {'field' if keep else 'tag'} format")
    return _plain(name), value if keep else _plain(value)


def _plain(text: str) -> str:
    for escaped in (",", "=", " "):
        text = text.replace(f"\\{escaped}", escaped)
    return text


def _value(text: str) -> Value:
    if text.startswith('"'):
        if len(text) < 2 or not text.endswith('"'):
            raise ValueError("unbalanced quotes")
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if text in ("t", "T", "true", "True", "TRUE"):
        return True
    if text in ("f", "F", "false", "False", "FALSE"):
        return False
    try:
        return int(text[:-1]) if text[-1] in "iu" else float(text)
    except ValueError as error:
        raise ValueError(f"invalid number {text!r}") from error
