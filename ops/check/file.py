"""A file that a service reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ops.check.decoding import Broken, Scalar, Value, parsed, values
from ops.check.template import values_in


@dataclass(frozen=True, kw_only=True)
class MountedFile:
    """A config or secret at a path of the task.

    Args:
        at: the path.
        kind: ``config`` or ``secret``.
        address: of the Docker object in Terraform.
        text: what it holds, with marks in place of secret values.
    """

    at: str
    kind: str
    address: str
    text: str

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """Everything in it."""
        return values(self.at, self.text)

    @cached_property
    def data(self) -> Any:
        """Parsed; ``None`` where it is in a language of its own, or broken."""
        try:
            return parsed(self.at, self.text)
        except Broken:
            return None

    @property
    def problem(self) -> str:
        """Why it cannot be parsed; empty where it can."""
        try:
            parsed(self.at, self.text)
        except Broken as error:
            return str(error)
        return ""

    @property
    def secrets(self) -> list[str]:
        """Names of the secret values in it."""
        return values_in(self.text)

    def get(self, key: str) -> Scalar:
        """The value at a key such as ``redis/port``; ``None`` where there is none."""
        return self._by_key.get(key)

    @cached_property
    def _by_key(self) -> dict[str, Scalar]:
        return {value.key: value.value for value in self.values}

    def has(self, key: str) -> bool:
        """Whether there is something at a key, a value or more."""
        return key in self._by_key or any(value.key.startswith(f"{key}/") for value in self.values)
