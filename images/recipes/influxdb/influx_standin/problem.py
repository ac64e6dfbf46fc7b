"""Errors as InfluxDB answers them."""

from __future__ import annotations

from standin.http_server import Response

STATUS = {
    "internal error": 500,
    "invalid": 400,
    "unprocessable entity": 422,
    "conflict": 422,
    "not found": 404,
    "forbidden": 403,
    "unauthorized": 401,
    "method not allowed": 405,
}


class Problem(Exception):
    """A request that is refused, with InfluxDB's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def response(self) -> Response:
        """The JSON answer with the status that belongs to the code."""
        return Response.json(STATUS[self.code], {"code": self.code, "message": str(self)})


def unauthorized() -> Problem:
    """No or a wrong token."""
    return Problem("unauthorized", "unauthorized access")
