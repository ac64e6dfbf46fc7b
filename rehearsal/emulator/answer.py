"""One answer, and lists cut into pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from .errors import BadRequest
from .request import Request

LARGEST_PAGE = 200
DEFAULT_PAGE = 20

T = TypeVar("T")


@dataclass
class Answer:
    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def gone() -> Answer:
    return Answer(204)


def paged(request: Request, name: str, found: list[T], view: Callable[[T], Any]) -> Answer:
    """The page that was asked for, of `found`, under `name`, with links to the others and the total."""
    page, size = _number(request, "page", 1), min(_number(request, "per_page", DEFAULT_PAGE), LARGEST_PAGE)
    last = max(1, -(-len(found) // size))
    shown = [view(one) for one in found[(page - 1) * size : page * size]]
    links: dict[str, Any] = {}
    if last > 1:
        numbers = {"first": 1, "prev": page - 1} if page > 1 else {}
        numbers |= {"next": page + 1, "last": last} if page < last else {}
        links = {"pages": {word: _link(request, number, size) for word, number in numbers.items()}}
    return Answer(200, {name: shown, "links": links, "meta": {"total": len(found)}})


def _link(request: Request, page: int, size: int) -> str:
    query = {**request.query, "page": str(page), "per_page": str(size)}
    return f"{request.base}{request.path}?{urlencode(query)}"


def _number(request: Request, name: str, default: int) -> int:
    given = request.query.get(name, "")
    if not given:
        return default
    if not given.isdigit() or int(given) < 1:
        raise BadRequest(f"{name} must be a whole number of at least 1")
    return int(given)
