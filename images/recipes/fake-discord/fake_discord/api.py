"""The API calls that sign-in makes."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from urllib.parse import unquote_plus

from standin.http_server import Request, Response

from fake_discord.config import Config
from fake_discord.consent import authorize
from fake_discord.grants import TOKEN_SECONDS, Grant, Grants

Call = Callable[[Request], Response]


class FakeDiscord:
    """Routes requests. API paths are known with and without a version (`/api`, `/api/v9`, `/api/v10`)."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._grants = Grants()
        member = f"/users/@me/guilds/{config.guild}/member"
        self._calls: dict[tuple[str, str], Call] = {
            ("GET", "/healthz"): lambda request: Response.text(200, "ok\n"),
            ("GET", "/oauth2/authorize"): lambda request: authorize(config, self._grants, request),
            ("POST", "/api/oauth2/token"): self._token,
            ("POST", "/api/oauth2/token/revoke"): self._revoke,
            ("GET", "/api/users/@me"): self._me,
            ("GET", f"/api{member}"): self._member,
        }

    def __call__(self, request: Request) -> Response:
        path = request.path.replace("%40", "@")
        for version in ("/api/v9/", "/api/v10/"):
            if path.startswith(version):
                path = "/api/" + path[len(version) :]
        call = self._calls.get((request.method, path))
        if call is not None:
            return call(request)
        if any(known == path for _, known in self._calls):
            return Response.json(405, {"message": "405: Method Not Allowed", "code": 0})
        if path.startswith("/api/users/@me/guilds/") and path.endswith("/member"):
            return self._other_guild(request)
        return Response.json(404, {"message": "404: Not Found", "code": 0})

    def _token(self, request: Request) -> Response:
        form = request.form()
        client_id = self._client(request, form)
        if client_id is None:
            return _oauth_error(401, "invalid_client")
        kind = form.get("grant_type")
        if kind == "authorization_code":
            grant = self._grants.take_code(form.get("code", ""), client_id, form.get("redirect_uri", ""))
        elif kind == "refresh_token":
            grant = self._grants.take_refresh(form.get("refresh_token", ""), client_id)
        else:
            return _oauth_error(400, "unsupported_grant_type")
        if grant is None:
            return _oauth_error(400, "invalid_grant", "Invalid code, token or redirect_uri in request.")
        access, refresh = self._grants.new_tokens(grant)
        answer = {
            "token_type": "Bearer",
            "access_token": access,
            "expires_in": TOKEN_SECONDS,
            "refresh_token": refresh,
            "scope": " ".join(grant.scopes),
        }
        return Response.json(200, answer)

    def _revoke(self, request: Request) -> Response:
        form = request.form()
        client_id = self._client(request, form)
        if client_id is None:
            return _oauth_error(401, "invalid_client")
        self._grants.revoke(form.get("token", ""), client_id)
        return Response.json(200, {})

    def _client(self, request: Request, form: dict[str, str]) -> str | None:
        """The id of the application that proved itself, by Basic authentication or by the form."""
        identity, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, value = request.header("Authorization").partition(" ")
        if scheme.lower() == "basic":
            try:
                pair = base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return None
            identity, _, secret = (unquote_plus(part) for part in pair.partition(":"))
        client = self._config.clients.get(identity)
        if client is None or not secrets.compare_digest(client.secret.encode(), secret.encode()):
            return None
        return client.id

    def _me(self, request: Request) -> Response:
        grant = self._bearer(request, "identify")
        if grant is None:
            return _unauthorized()
        answer: dict[str, object] = {
            "id": grant.user.id,
            "username": grant.user.username,
            "discriminator": "0",
        }
        if "email" in grant.scopes:
            answer |= {"email": f"{grant.user.username}@example.invalid", "verified": True}
        return Response.json(200, answer)

    def _member(self, request: Request) -> Response:
        grant = self._bearer(request, "guilds.members.read")
        if grant is None:
            return _unauthorized()
        if grant.user.roles is None:
            return Response.json(404, {"message": "Unknown Guild", "code": 10004})
        user = {"id": grant.user.id, "username": grant.user.username, "discriminator": "0"}
        return Response.json(200, {"user": user, "roles": list(grant.user.roles), "nick": None, "flags": 0})

    def _other_guild(self, request: Request) -> Response:
        if self._bearer(request, "guilds.members.read") is None:
            return _unauthorized()
        return Response.json(404, {"message": "Unknown Guild", "code": 10004})

    def _bearer(self, request: Request, scope: str) -> Grant | None:
        scheme, _, token = request.header("Authorization").partition(" ")
        grant = self._grants.bearer(token.strip()) if scheme.lower() == "bearer" else None
        return grant if grant is not None and scope in grant.scopes else None


def _oauth_error(status: int, error: str, description: str = "") -> Response:
    return Response.json(
        status, {"error": error} | ({"error_description": description} if description else {})
    )


def _unauthorized() -> Response:
    return Response.json(401, {"message": "401: Unauthorized", "code": 0})
