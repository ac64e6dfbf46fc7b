"""One request, and its fields, checked as the API checks them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import Unprocessable

if TYPE_CHECKING:
    from .faults import Fault


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)  # what stood for {names} in the route
    base: str = ""  # scheme and host of this emulator, for links
    fault: Fault | None = None

    def text(self, name: str, default: str | None = None) -> str:
        """A string field. Without a default it must be there and not empty."""
        value = self.body.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or (not value and default is None):
            raise Unprocessable(f"{name} is required and must be a string")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        value = self.body.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unprocessable(f"{name} is required and must be a whole number")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.body.get(name, default)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise Unprocessable(f"{name} must be true or false")
        return value

    def items(self, name: str) -> list[Any]:
        """A list field; absent and null are the empty list, as clients in Go send both."""
        value = self.body.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Unprocessable(f"{name} must be a list")
        return value

    def strings(self, name: str) -> list[str]:
        found = self.items(name)
        if not all(isinstance(one, str) for one in found):
            raise Unprocessable(f"{name} must be a list of strings")
        return found

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise Unprocessable(f"{name} must be one of {', '.join(allowed)}")
        return value
