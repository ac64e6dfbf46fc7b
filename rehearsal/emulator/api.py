"""From a request's bytes to an answer: token, rate limit, fault, route, one transaction, log."""

from __future__ import annotations

import json
import traceback
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from . import ids
from .answer import Answer
from .clock import now
from .errors import ApiError, BadRequest, Injected, NotFound, Unauthorized
from .faults import Fault
from .limits import Limits
from .log import redacted
from .request import Request
from .router import Route
from .routes import ROUTER
from .store import Document
from .world import World

CHANGES = ("POST", "PUT", "PATCH", "DELETE")


class Dropped(Exception):
    """The connection is to be reset, without an answer."""


class Api:
    def __init__(self, world: World) -> None:
        self._world = world
        self._limits = Limits(world.settings)

    def answer(self, method: str, target: str, token: str, body: bytes, base: str) -> Answer:
        """The answer to one request; `Dropped` where a fault wants none."""
        address = urlsplit(target)
        request = Request(method, unquote(address.path), dict(parse_qsl(address.query)), base=base)
        request_id, headers = ids.unique(), {}
        found = ROUTER.find(method, request.path)
        route, request.parts = found or (None, {})
        try:
            if not token:
                raise Unauthorized("Unable to authenticate you.")
            headers = self._limits.take(token)
            request.fault = self._world.faults.take(method, request.path)
            self._refuse_by_fault(request, request_id)
            if route is None:
                raise NotFound
            request.body = _read(body)
            with self._world.store.transaction():
                answer = route.handler(self._world, request)
        except ApiError as error:
            answer = Answer(error.status, error.body(request_id), error.headers)
        except Dropped:
            raise
        except Exception:  # the emulator's own mistake: told as the API tells its own, and kept for who looks
            problem = traceback.format_exc()
            self._world.store.note({"at": now(), "action": request_id, "type": target, "problem": problem})
            answer = Answer(500, {"id": "server_error", "message": "the emulator failed; see its log"})
        answer.headers = {**headers, **answer.headers, "x-request-id": request_id}
        self._note(request, request_id, route, answer)
        if method in CHANGES:
            self._world.changed()
        if request.fault and request.fault.kind == "reset-after":
            raise Dropped
        return answer

    def _refuse_by_fault(self, request: Request, request_id: str) -> None:
        fault = request.fault
        if fault and fault.status:
            raise Injected(fault.status)
        if fault and fault.kind == "reset":
            self._note(request, request_id, None, Answer(0))
            raise Dropped

    def _note(self, request: Request, request_id: str, route: Route | None, answer: Answer) -> None:
        fault: Fault | None = request.fault
        entry: Document = {
            "at": now(),
            "request_id": request_id,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "route": f"{route.method} {route.path}" if route else "",
            "request": _shown(request.body),
            "status": answer.status,
            "answer": _shown(answer.body),
            "fault": fault.text() if fault else "",
        }
        self._world.store.note(entry)


def _read(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body) if body.strip() else {}
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise BadRequest("error parsing request body")
    return read


def _shown(body: Any) -> Any:
    return redacted(body) if body else None
