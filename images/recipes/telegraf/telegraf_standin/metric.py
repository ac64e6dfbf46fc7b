"""A metric and its line protocol."""

from __future__ import annotations

from dataclasses import dataclass, field

Value = float | int | bool | str


class GatherError(Exception):
    """An input could not gather; the message says where it asked and what came back."""


@dataclass
class Metric:
    """Values of one moment; `time` in nanoseconds is set when it is gathered."""

    name: str
    fields: dict[str, Value]
    tags: dict[str, str] = field(default_factory=dict)
    time: int = 0

    def line(self) -> str:
        """The metric as line protocol."""
        tags = "".join(f",{_escape(k)}={_escape(v)}" for k, v in sorted(self.tags.items()) if v)
        fields = ",".join(f"{_escape(k)}={_value(v)}" for k, v in self.fields.items())
        return f"{_escape(self.name)}{tags} {fields} {self.time}"


def _escape(text: str) -> str:
    for sign in (",", "=", " "):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}i"
    if isinstance(value, float):
        return repr(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
