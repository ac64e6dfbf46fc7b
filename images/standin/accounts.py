"""What the keeper of InfluxDB does and whom it lets in: routes that succeed with the right credentials, and no data.

Whoever has the token may call the API; an account whose name and password came that way may write and read. Nothing is
stored of points, and no query is answered: 204 says no more than that the credentials are right.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.parse import urlsplit

from .http_server import Request, Response

_ACCOUNTS = "/private/legacy/authorizations"


def _id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


class Accounts:
    """Accounts by id, kept as hashes of their passwords.

    Args:
        token: the administrator's.
        file: where the accounts outlive a new container.
    """

    def __init__(self, token: str, file: Path) -> None:
        self._token, self._file = token, file
        self._known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}

    def answer(self, request: Request) -> Response | None:
        """The answer to a call that is known here, else ``None``."""
        path = urlsplit(request.target).path
        if path in ("/write", "/query"):
            return self._as_account(request)
        if not path.startswith(("/api/v2/", "/private/")):
            return None
        if request.header("Authorization") != f"Token {self._token}":
            return Response.json(401, {"code": "unauthorized", "message": "unauthorized access"})
        if path.startswith(_ACCOUNTS) and path.endswith("/password"):
            self._known[path.split("/")[-2]] = self._hash(json.loads(request.body)["password"])
            self._file.write_text(json.dumps(self._known))
            return Response(204)
        if request.method == "DELETE":
            return Response(204)
        return self._named(request)

    def _named(self, request: Request) -> Response:
        """An object's id, made from its name; so whatever is asked for is there."""
        body = json.loads(request.body) if request.body else {}
        query = request.query
        name = (
            body.get("token")
            or body.get("name")
            or query.get("token")
            or query.get("name")
            or query.get("org")
        )
        return Response.json(201 if request.method == "POST" else 200, {"id": _id(name or "")})

    def _as_account(self, request: Request) -> Response:
        user, password = request.credentials
        if self._known.get(_id(user)) != self._hash(password):
            return Response.json(401, {"code": "unauthorized", "message": "Unauthorized"})
        return Response(204)

    def _hash(self, password: str) -> str:
        return hashlib.sha256(password.encode()).hexdigest()
