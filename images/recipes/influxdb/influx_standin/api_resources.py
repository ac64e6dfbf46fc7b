"""/api/v2/setup, orgs, users, buckets."""

from __future__ import annotations

from typing import Any

from standin.http_server import Request, Response

from influx_standin.caller import v2_caller
from influx_standin.permission import Permission
from influx_standin.problem import Problem
from influx_standin.setup import add_bucket, checked_retention, set_up
from influx_standin.store import Store, new_id


class ResourceApi:
    """Reads and creates what tokens can be about."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def may_set_up(self, request: Request) -> Response:
        """GET /api/v2/setup, for anyone."""
        return Response.json(200, {"allowed": not self._store.is_set_up()})

    def set_up(self, request: Request) -> Response:
        """POST /api/v2/setup, for anyone, once."""
        return Response.json(201, set_up(self._store, request.json()))

    def orgs(self, request: Request) -> Response:
        """GET /api/v2/orgs?org=: those the caller may read."""
        caller = v2_caller(self._store, request)
        name = request.query.get("org")
        rows = [r for r in self._store.rows("SELECT id, name FROM orgs") if name in (None, r[1])]
        found = [{"id": i, "name": n} for i, n in rows if caller.may(Permission("read", "orgs", id=i))]
        if name and not found:
            raise Problem("not found", f'organization name "{name}" not found')
        return Response.json(200, {"orgs": found})

    def users(self, request: Request) -> Response:
        """GET /api/v2/users?name=: those the caller may read."""
        caller = v2_caller(self._store, request)
        name = request.query.get("name")
        rows = [r for r in self._store.rows("SELECT id, name FROM users") if name in (None, "", r[1])]
        found = [{"id": i, "name": n} for i, n in rows if caller.may(Permission("read", "users", id=i))]
        return Response.json(200, {"users": found})

    def buckets(self, request: Request) -> Response:
        """GET /api/v2/buckets?name=&org=|orgID=: those the caller may read."""
        caller = v2_caller(self._store, request)
        query = request.query
        org = query.get("orgID") or query.get("org")
        wanted = self._store.org_id(org) if org else None
        if query.get("name") and not self._store.rows("SELECT 1 FROM buckets WHERE name = ?", query["name"]):
            raise Problem("not found", f'bucket "{query["name"]}" not found')
        found = []
        for ident, owner, name, retention in self._store.rows("SELECT * FROM buckets ORDER BY name"):
            readable = caller.may(Permission("read", "buckets", owner, ident))
            if readable and wanted in (None, owner) and query.get("name") in (None, "", name):
                found.append(bucket_json(ident, owner, name, retention))
        return Response.json(200, {"buckets": found})

    def create_bucket(self, request: Request) -> Response:
        """POST /api/v2/buckets {orgID, name, retentionRules}."""
        caller = v2_caller(self._store, request)
        asked = request.json()
        if not isinstance(asked, dict):
            raise Problem("invalid", "invalid json structure")
        org = self._store.org_id(str(asked.get("orgID") or ""))
        caller.need(Permission("write", "buckets", org))
        rules = asked.get("retentionRules") or [{}]
        retention = int(rules[0].get("everySeconds") or 0)
        ident, name = new_id(), str(asked.get("name") or "")
        add_bucket(self._store, org, name, retention, ident)
        return Response.json(201, bucket_json(ident, org, name, retention))

    def change_bucket(self, request: Request, ident: str) -> Response:
        """PATCH /api/v2/buckets/{id} {retentionRules}: how long points are kept."""
        caller = v2_caller(self._store, request)
        found = self._store.rows("SELECT org, name, retention FROM buckets WHERE id = ?", ident)
        if not found:
            raise Problem("not found", "bucket not found")
        org, name, retention = found[0]
        caller.need(Permission("write", "buckets", str(org), ident))
        rules = request.json().get("retentionRules")
        if rules is not None:
            retention = checked_retention(int(rules[0].get("everySeconds") or 0) if rules else 0)
            with self._store.transaction() as db:
                db.execute("UPDATE buckets SET retention = ? WHERE id = ?", (retention, ident))
        return Response.json(200, bucket_json(ident, str(org), str(name), int(retention)))

    def delete_bucket(self, request: Request, ident: str) -> Response:
        """DELETE /api/v2/buckets/{id}, with its points."""
        caller = v2_caller(self._store, request)
        found = self._store.rows("SELECT org FROM buckets WHERE id = ?", ident)
        if not found:
            raise Problem("not found", "bucket not found")
        caller.need(Permission("write", "buckets", str(found[0][0]), ident))
        with self._store.transaction() as db:
            db.execute("DELETE FROM points WHERE bucket = ?", (ident,))
            db.execute("DELETE FROM buckets WHERE id = ?", (ident,))
        return Response(204)


def bucket_json(ident: str, org: str, name: str, retention: int) -> dict[str, Any]:
    """The API's form of a bucket."""
    rules = [{"type": "expire", "everySeconds": retention, "shardGroupDurationSeconds": 86400}]
    return {"id": ident, "orgID": org, "type": "user", "name": name, "retentionRules": rules}
