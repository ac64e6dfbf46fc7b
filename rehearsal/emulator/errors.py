"""Errors of the API, with their bodies, and errors of the emulator itself."""

from __future__ import annotations

from typing import Any


class EmulatorError(Exception):
    """Wrong use of the emulator: what is wrong, what was allowed, what to do."""


class ApiError(Exception):
    """An answer of 400 or more. `id` is the status as a word, as in {"id": "not_found", "message": ...}."""

    status = 500
    id = "server_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.headers: dict[str, str] = {}

    def body(self, request_id: str) -> dict[str, Any]:
        return {"id": self.id, "message": self.message, "request_id": request_id}


class BadRequest(ApiError):
    status, id = 400, "bad_request"


class Unauthorized(ApiError):
    status, id = 401, "unauthorized"


class Forbidden(ApiError):
    status, id = 403, "forbidden"


class NotFound(ApiError):
    status, id = 404, "not_found"

    def __init__(self, message: str = "The resource you requested could not be found.") -> None:
        super().__init__(message)


class Conflict(ApiError):
    status, id = 409, "conflict"


class PreconditionFailed(ApiError):
    status, id = 412, "precondition_failed"


class Unprocessable(ApiError):
    status, id = 422, "unprocessable_entity"


class TooManyRequests(ApiError):
    status, id = 429, "too_many_requests"


class NotImplementedHere(ApiError):
    """The real API can do this; the emulator cannot, and says so."""

    status, id = 501, "not_implemented"


INJECTED = {
    one.status: one.id
    for one in (BadRequest, Unauthorized, Forbidden, NotFound, Conflict, PreconditionFailed, Unprocessable)
} | {TooManyRequests.status: TooManyRequests.id}


class Injected(ApiError):
    """A failure that a fault asked for."""

    def __init__(self, status: int) -> None:
        limited = status == 429
        super().__init__("API rate limit exceeded." if limited else f"injected fault: {status}")
        self.status = status
        self.id = INJECTED.get(status, "server_error")
        if limited:
            self.headers = {"retry-after": "1"}
