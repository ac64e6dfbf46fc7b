"""Which function answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .answer import Answer
from .request import Request

if TYPE_CHECKING:
    from .world import World

Handler = Callable[["World", Request], Answer]


@dataclass(frozen=True)
class Route:
    method: str
    path: str  # with {names}
    handler: Handler

    def match(self, path: str) -> dict[str, str] | None:
        """What stands for the {names}, or None where this is another path."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path.replace(".", r"\."))
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


class Routes:
    """The routes of one resource, declared by decorators."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def get(self, path: str) -> Callable[[Handler], Handler]:
        return self._declare("GET", path)

    def post(self, path: str) -> Callable[[Handler], Handler]:
        return self._declare("POST", path)

    def put(self, path: str) -> Callable[[Handler], Handler]:
        return self._declare("PUT", path)

    def patch(self, path: str) -> Callable[[Handler], Handler]:
        return self._declare("PATCH", path)

    def delete(self, path: str) -> Callable[[Handler], Handler]:
        return self._declare("DELETE", path)

    def _declare(self, method: str, path: str) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            self.all.append(Route(method, path, handler))
            return handler

        return declare


class Router:
    """All routes. Of two that match, the one with fewer {names} answers (/v2/projects/default)."""

    def __init__(self, parts: list[Routes]) -> None:
        found = [route for part in parts for route in part.all]
        self.routes = sorted(found, key=lambda route: route.path.count("{"))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for route in self.routes:
            if route.method == method:
                parts = route.match(path)
                if parts is not None:
                    return route, parts
        return None
