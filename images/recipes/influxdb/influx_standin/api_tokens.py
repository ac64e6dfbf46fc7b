"""/api/v2/authorizations, and /private/legacy/authorizations for v1 users.

Who chooses the secret is exactly as in InfluxDB 2.9: the value of a v2 token is always made by the server and shown
once, in the answer to its creation (later answers have no value, since only a hash is kept). The caller chooses
name and password of a v1 user, which counts for /write and /query alone.
"""

from __future__ import annotations

from typing import Any

from standin.http_server import Request, Response

from influx_standin.caller import v2_caller
from influx_standin.permission import Authorization, Permission, from_json
from influx_standin.problem import Problem
from influx_standin.setup import new_token
from influx_standin.store import Store, new_id, password_hash, token_hash, utc_now


class TokenApi:
    """Creates, lists and deletes v2 tokens (`v1` false) or v1 users (`v1` true)."""

    def __init__(self, store: Store, *, v1: bool) -> None:
        self._store = store
        self._v1 = v1

    def create(self, request: Request) -> Response:
        """POST {orgID, description, permissions, status}; for v1 users also {token: <user name>}."""
        caller = v2_caller(self._store, request)
        asked = request.json()
        if not isinstance(asked, dict):
            raise Problem("invalid", "invalid json structure")
        permissions = tuple(from_json(p) for p in asked.get("permissions") or ())
        if not permissions:
            raise Problem("invalid", "authorization must include permissions")
        if not asked.get("orgID"):
            raise Problem("invalid", "org id required")
        org, user = self._store.org_id(str(asked["orgID"])), str(asked.get("userID") or caller.user)
        caller.need(
            Permission("write", "authorizations", org), Permission("write", "users", id=user), *permissions
        )
        if any(p.type == "instance" for p in permissions):
            raise Problem("internal error", "authorizations cannot be created with the instance type")
        name = str(asked.get("token") or "") if self._v1 else ""
        if self._v1 and not name:
            raise Problem("invalid", "token required for v1 user authorization type")
        about, status = str(asked.get("description") or ""), str(asked.get("status") or "active")
        auth = Authorization(new_id(), org, user, status, about, permissions, utc_now(), name)
        token = name if self._v1 else new_token()
        self._store.add_authorization(auth, v1=self._v1, secret=token if self._v1 else token_hash(token))
        return Response.json(201, self._json(auth, token))

    def list(self, request: Request) -> Response:
        """GET: those the caller may read; values of v2 tokens are not known any more."""
        caller = v2_caller(self._store, request)
        name = request.query.get("token")
        if name and name not in [auth.name for auth in self._store.authorizations(v1=self._v1)]:
            raise Problem("not found", "authorization not found")
        found = [
            self._json(auth, auth.name)
            for auth in self._store.authorizations(v1=self._v1)
            if caller.may(Permission("read", "authorizations", auth.org, auth.id))
            and name in (None, auth.name)
        ]
        return Response.json(200, {"links": {"self": request.path}, "authorizations": found})

    def get(self, request: Request, ident: str) -> Response:
        """GET /{id}."""
        auth = self._readable(v2_caller(self._store, request), ident)
        return Response.json(200, self._json(auth, auth.name))

    def change(self, request: Request, ident: str) -> Response:
        """PATCH /{id} {status, description}; nothing else can be changed, the token's value neither."""
        caller = v2_caller(self._store, request)
        auth = self._writable(caller, ident)
        asked = request.json()
        status = str(asked.get("status") or auth.status)
        if status not in ("active", "inactive"):
            raise Problem("invalid", "invalid status")
        with self._store.transaction() as db:
            sql = "UPDATE auths SET status = ?, description = ? WHERE id = ?"
            db.execute(sql, (status, str(asked.get("description", auth.description)), ident))
        return self.get(request, ident)

    def delete(self, request: Request, ident: str) -> Response:
        """DELETE /{id}."""
        self._writable(v2_caller(self._store, request), ident)
        with self._store.transaction() as db:
            db.execute("DELETE FROM auths WHERE id = ?", (ident,))
        return Response(204)

    def set_password(self, request: Request, ident: str) -> Response:
        """POST /{id}/password {password}, for v1 users."""
        self._writable(v2_caller(self._store, request), ident)
        hashed = password_hash(str(request.json().get("password") or ""))
        with self._store.transaction() as db:
            db.execute("UPDATE auths SET password = ? WHERE id = ?", (hashed, ident))
        return Response(204)

    def _find(self, ident: str) -> Authorization:
        for auth in self._store.authorizations(v1=self._v1):
            if auth.id == ident:
                return auth
        raise Problem("not found", "authorization not found")

    def _readable(self, caller: Authorization, ident: str) -> Authorization:
        auth = self._find(ident)
        caller.need(Permission("read", "authorizations", auth.org, auth.id))
        return auth

    def _writable(self, caller: Authorization, ident: str) -> Authorization:
        auth = self._find(ident)
        caller.need(Permission("write", "authorizations", auth.org, auth.id))
        return auth

    def _json(self, auth: Authorization, token: str) -> dict[str, Any]:
        names = dict(self._store.rows("SELECT id, name FROM users UNION SELECT id, name FROM orgs"))
        return {
            "id": auth.id,
            "token": token,
            "status": auth.status,
            "description": auth.description,
            "orgID": auth.org,
            "org": names.get(auth.org, ""),
            "userID": auth.user,
            "user": names.get(auth.user, ""),
            "permissions": [p.to_json() for p in auth.permissions],
            "createdAt": auth.created,
        }
