"""A fake Discord: whoever opens its page signs in by a button, without a password. For machines that develop, never for others.

It knows the OAuth2 code flow and the two API calls that sign-in makes (docs.discord.com, OAuth2). Codes and tokens are in memory.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import unquote_plus, urlencode

from .http_server import Request, Response

SCOPES = {"identify", "email", "guilds", "guilds.members.read", "openid"}
CODE_S, TOKEN_S = 60, 604_800
"""Seconds; Discord documents 7 days for tokens and no time for codes."""
_GUILD = re.compile(r"/users/@me/guilds/(\d+)/member")


@dataclass(frozen=True)
class Grant:
    """What somebody allowed an application."""

    client: str
    user: Mapping[str, Any]
    scopes: frozenset[str]
    redirect_uri: str
    until: float


class FakeDiscord:
    """Answers requests. The configuration has ``clients``, one ``guild`` and ``users``; who has ``roles: null`` is outside it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._clients = {str(client["id"]): client for client in config["clients"]}
        self._guild = str(config["guild"])
        self._users = config["users"]
        self._codes: dict[str, Grant] = {}
        self._tokens: dict[str, Grant] = {}

    def __call__(self, request: Request) -> Response:
        path = re.sub(r"^/api/v\d+/", "/api/", request.path.replace("%40", "@"))
        if path == "/healthz":
            return Response.text(200, "ok")
        if path == "/oauth2/authorize":
            return self._authorize(request.query)
        if path == "/api/oauth2/token" and request.method == "POST":
            return self._exchange(request)
        if path.startswith("/api/users/@me"):
            return self._about(request, path.removeprefix("/api"))
        return Response.json(404, {"message": "404: Not Found", "code": 0})

    def _authorize(self, query: Mapping[str, str]) -> Response:
        """The page, or with ``as=<name or id>`` the redirect with a code. Nothing is sent to an unknown address."""
        client = self._clients.get(query.get("client_id", ""))
        uri = query.get("redirect_uri", "")
        scopes = frozenset(query.get("scope", "").split())
        if client is None:
            return _page(404, "Unknown Application", "client_id is none of the configured applications")
        if uri not in client["redirect_uris"]:
            return _page(
                400, "Invalid OAuth2 redirect_uri", "it must equal one of the application's, to the letter"
            )
        if query.get("response_type") != "code":
            return _back(uri, query, error="unsupported_response_type")
        if not scopes or scopes - SCOPES:
            return _back(uri, query, error="invalid_scope")
        if "deny" in query:
            return _back(uri, query, error="access_denied")
        if "as" not in query:
            return self._choice(query)
        user = next(
            (user for user in self._users if query["as"] in (user["username"], str(user["id"]))), None
        )
        if user is None:
            return _page(400, "Unknown user", ", ".join(user["username"] for user in self._users))
        code = secrets.token_urlsafe(22)
        self._codes[code] = Grant(str(client["id"]), user, scopes, uri, time.time() + CODE_S)
        return _back(uri, query, code=code)

    def _choice(self, query: Mapping[str, str]) -> Response:
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in query.items()
        )
        buttons = "".join(
            f'<p><button name="as" value="{user["id"]}">{escape(user["username"])} ({_about(user)})</button></p>'
            for user in self._users
        )
        form = f'<form>{hidden}{buttons}<button name="deny" value="1">Cancel</button></form>'
        return _page(
            200, "This is a fake Discord", "It asks for no password; never type one. Sign in as:", form
        )

    def _exchange(self, request: Request) -> Response:
        form = request.form
        identity, secret = (unquote_plus(part) for part in request.credentials)
        identity, secret = identity or form.get("client_id", ""), secret or form.get("client_secret", "")
        client = self._clients.get(identity)
        if client is None or not hmac.compare_digest(str(client["secret"]).encode(), secret.encode()):
            return Response.json(401, {"error": "invalid_client"})
        if form.get("grant_type") != "authorization_code":
            return Response.json(400, {"error": "unsupported_grant_type"})
        grant = self._codes.pop(form.get("code", ""), None)
        wanted = (identity, form.get("redirect_uri"))
        if grant is None or (grant.client, grant.redirect_uri) != wanted or grant.until < time.time():
            return Response.json(400, {"error": "invalid_grant"})
        token = secrets.token_urlsafe(22)
        self._tokens[token] = Grant(
            identity, grant.user, grant.scopes, grant.redirect_uri, time.time() + TOKEN_S
        )
        answer = {"token_type": "Bearer", "access_token": token, "expires_in": TOKEN_S}
        return Response.json(200, {**answer, "scope": " ".join(sorted(grant.scopes))})

    def _about(self, request: Request, path: str) -> Response:
        guild = _GUILD.fullmatch(path)
        scheme, _, token = request.header("Authorization").partition(" ")
        grant = self._tokens.get(token) if scheme.lower() == "bearer" else None
        needed = "guilds.members.read" if guild else "identify"
        if grant is None or grant.until < time.time() or needed not in grant.scopes:
            return Response.json(401, {"message": "401: Unauthorized", "code": 0})
        user = {"id": str(grant.user["id"]), "username": grant.user["username"], "discriminator": "0"}
        if guild is None:
            return Response.json(200, user)
        if guild[1] != self._guild or grant.user["roles"] is None:
            return Response.json(404, {"message": "Unknown Guild", "code": 10004})
        return Response.json(200, {"user": user, "roles": list(grant.user["roles"]), "nick": None})


def _about(user: Mapping[str, Any]) -> str:
    return "not in the guild" if user["roles"] is None else f"roles {', '.join(user['roles']) or 'none'}"


def _back(uri: str, query: Mapping[str, str], **answer: str) -> Response:
    if "state" in query:
        answer["state"] = query["state"]
    return Response(302, headers=[("Location", f"{uri}?{urlencode(answer)}"), ("Cache-Control", "no-store")])


def _page(status: int, title: str, text: str, form: str = "") -> Response:
    body = f"<!doctype html><title>Fake Discord</title><h1>{escape(title)}</h1><p>{escape(text)}</p>{form}"
    policy = ("Content-Security-Policy", "default-src 'none'")
    return Response(status, body.encode(), "text/html; charset=utf-8", [policy])
