"""Pages and API."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from standin.http_server import Request, Response

from grafana_standin.database import Database
from grafana_standin.provisioning import DataSource, Provisioned
from grafana_standin.sign_in import COOKIE, SignIn
from grafana_standin.source_check import check

VERSION = "13.2.0"
LOGIN_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Grafana (stand-in)</title></head>
<body><h1>Grafana (stand-in)</h1><p>This is not Grafana; it checks settings and data sources.</p>
<form method="post" action="/login"><input name="user" placeholder="user"> <input name="password" type="password">
<button>Log in</button></form></body></html>"""


class GrafanaServer:
    """Answers requests; all but health and the login page need a user."""

    def __init__(self, provisioned: Provisioned, database: Database, sign_in: SignIn) -> None:
        self._provisioned = provisioned
        self._database = database
        self._sign_in = sign_in

    def __call__(self, request: Request) -> Response:
        if request.path in ("/api/health", "/healthz"):
            return self._health()
        if request.path == "/login":
            return self._login(request)
        user = self._sign_in.user(request)
        if user is None:
            return _signed_out(request)
        if request.path == "/":
            return Response.html(
                200, f"<!doctype html><h1>Grafana (stand-in)</h1><p>Signed in as {escape(user)}.</p>"
            )
        return self._api(request, user)

    def _health(self) -> Response:
        alive = self._database.is_alive()
        about = {"database": "ok" if alive else "failing", "version": VERSION, "commit": "stand-in"}
        return Response.json(200 if alive else 503, about)

    def _login(self, request: Request) -> Response:
        if request.method == "GET":
            return Response.html(200, LOGIN_PAGE)
        is_json = request.header("Content-Type").startswith("application/json")
        asked = request.json() if is_json else request.form()
        value = self._sign_in.start_session(str(asked.get("user", "")), str(asked.get("password", "")))
        if value is None:
            return Response.json(401, {"message": "Invalid username or password"})
        cookie = ("Set-Cookie", f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax")
        if is_json:
            body = json.dumps({"message": "Logged in", "redirectUrl": "/"}).encode()
            return Response(200, body, "application/json", [cookie])
        return Response(302, headers=[cookie, ("Location", "/")])

    def _api(self, request: Request, user: str) -> Response:
        parts = request.path.strip("/").split("/")
        if parts[:2] == ["api", "datasources"]:
            return self._data_sources(parts[2:])
        if parts[:2] == ["api", "dashboards"]:
            return self._dashboards(request, parts[2:])
        if parts == ["api", "user"]:
            return Response.json(200, {"login": user})
        if parts == ["api", "search"]:
            boards = self._boards()
            return Response.json(
                200, [{"uid": uid, "title": board["title"]} for uid, board in boards.items()]
            )
        if parts == ["api", "v1", "provisioning", "alert-rules"]:
            return Response.json(200, self._provisioned.alert_rules)
        if parts == ["api", "v1", "provisioning", "contact-points"]:
            return Response.json(200, [{"name": name} for name in self._provisioned.contact_points])
        return _not_found()

    def _data_sources(self, rest: list[str]) -> Response:
        if not rest:
            return Response.json(200, [_shown(source) for source in self._provisioned.data_sources])
        found = [s for s in self._provisioned.data_sources if rest[0] == "uid" and s.uid == rest[1:2][0]]
        if not found:
            return Response.json(404, {"message": "Data source not found"})
        if rest[2:] == ["health"]:
            works, message = check(found[0])
            status = {"status": "OK" if works else "ERROR", "message": message}
            return Response.json(200 if works else 400, status)
        return Response.json(200, _shown(found[0])) if len(rest) == 2 else _not_found()

    def _dashboards(self, request: Request, rest: list[str]) -> Response:
        if request.method == "POST" and rest == ["db"]:
            asked = request.json()
            board = asked.get("dashboard") if isinstance(asked, dict) else None
            if not isinstance(board, dict) or not board.get("title") or not board.get("uid"):
                return Response.json(400, {"message": "dashboard with uid and title is needed"})
            if board["uid"] in self._provisioned.dashboards:
                return Response.json(400, {"message": "Cannot save provisioned dashboard"})
            self._database.put("dashboard", str(board["uid"]), json.dumps(board))
            return Response.json(200, {"uid": board["uid"], "status": "success"})
        board = self._boards().get(rest[1]) if len(rest) == 2 and rest[0] == "uid" else None
        if board is None:
            return Response.json(404, {"message": "Dashboard not found"})
        provisioned = rest[1] in self._provisioned.dashboards
        return Response.json(200, {"dashboard": board, "meta": {"provisioned": provisioned}})

    def _boards(self) -> dict[str, dict[str, Any]]:
        saved = {uid: json.loads(text) for uid, text in self._database.all("dashboard").items()}
        return {**saved, **self._provisioned.dashboards}


def _shown(source: DataSource) -> dict[str, Any]:
    return {
        "uid": source.uid,
        "name": source.name,
        "type": source.type,
        "url": source.url,
        "user": source.user,
        "jsonData": source.json,
        "isDefault": source.is_default,
        "secureJsonFields": dict.fromkeys(source.secure, True),
        "readOnly": True,
    }


def _signed_out(request: Request) -> Response:
    if request.path.startswith("/api/"):
        return Response.json(401, {"message": "Unauthorized", "messageId": "auth.unauthorized"})
    return Response(302, headers=[("Location", "/login")])


def _not_found() -> Response:
    return Response.json(404, {"message": "Not found"})
