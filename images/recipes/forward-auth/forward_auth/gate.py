"""What is answered to the proxy."""

from __future__ import annotations

import html
import ipaddress

from standin.http_server import Request, Response
from standin.log import log

from forward_auth import cookies, redirects
from forward_auth.config import Config, Rule
from forward_auth.forwarded import Forwarded, forwarded
from forward_auth.oauth import OAuthClient, ProviderFailure, login_url
from forward_auth.userinfo import MissingField, field_text, limit_fields


class Gate:
    """Answers each forwarded request by the first rule that applies."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._oauth = OAuthClient(config.provider)
        self._actions = {
            "allow": self._allow,
            "auth": self._auth,
            "soft-auth": self._auth,
            "login": self._login,
            "logout": self._logout,
            "callback": self._callback,
        }

    def __call__(self, request: Request) -> Response:
        asked = forwarded(request)
        for rule in self._config.rules:
            if rule.applies(asked):
                return self._actions[rule.action](asked, rule)
        return Response.text(404, "404 page not found\n")

    def _allow(self, request: Forwarded, rule: Rule) -> Response:
        return Response(200)

    def _auth(self, request: Forwarded, rule: Rule) -> Response:
        if self._trusts(request):
            return Response(200)
        soft = rule.action == "soft-auth"
        user = cookies.signed_in_user(self._config, request)
        if user is None:
            target = redirects.current_url(request)
            return self._emptied() if soft else self._to_provider(request, target, prompt=True)
        if not rule.allows(user):
            self._say("warn", request, f"rule {rule.name}: signed in, but not allowed")
            return self._emptied() if soft else Response.text(401, "Unauthorized\n")
        headers = [(name, field_text(user, source) or "") for name, source in self._config.headers]
        return Response(200, headers=headers)

    def _emptied(self) -> Response:
        """Let pass, but overwrite the user headers a client may have sent."""
        return Response(200, headers=[(name, "") for name, _ in self._config.headers])

    def _trusts(self, request: Forwarded) -> bool:
        last = str(request.headers.get("X-Forwarded-For", "")).split(",")[-1].strip()
        if not last or not self._config.trusted:
            return False
        try:
            address = ipaddress.ip_address(last)
        except ValueError:
            self._say("warn", request, "X-Forwarded-For does not end in an address")
            return False
        return any(address in network for network in self._config.trusted)

    def _callback(self, request: Forwarded, rule: Rule) -> Response:
        state = request.query.get("state", "").replace("\n", "").replace("\r", "")
        try:
            name, provider, target = cookies.checked_state(self._config, request, state)
        except cookies.InvalidState as error:
            return self._not_authorized(request, str(error))
        if provider != self._config.provider.name:
            return self._not_authorized(request, "unknown provider in state")
        cleared = ("Set-Cookie", cookies.clear_csrf(self._config, request, name))
        try:
            target = redirects.after_callback(self._config, request, target)
        except redirects.InvalidRedirect as error:
            return self._not_authorized(request, str(error), cleared)
        problem = request.query.get("error", "")
        if problem in ("login_required", "consent_required", "interaction_required"):
            return self._to_provider(request, target, prompt=False)
        if problem:
            self._say("error", request, f"provider answered error={problem}")
            return _plain(500, "Provider error", cleared)
        return self._sign_in(request, target, cleared)

    def _sign_in(self, request: Forwarded, target: str, cleared: tuple[str, str]) -> Response:
        try:
            uri = redirects.redirect_uri(self._config, request)
            token = self._oauth.exchange(uri, request.query.get("code", ""))
            user = self._oauth.user(token)
        except ProviderFailure as error:
            self._say("error", request, str(error))
            return _plain(503, "Service unavailable", cleared)
        try:
            kept = limit_fields(user, self._config.info_fields)
        except MissingField as error:
            self._say(
                "error", request, f"{error}; Discord's answer for someone outside the guild has no roles"
            )
            return _plain(500, "Internal server error", cleared)
        session = ("Set-Cookie", cookies.session_cookie(self._config, request, kept))
        self._say("info", request, "signed in, sent back to the page asked for")
        return _redirect(target, cleared, session)

    def _login(self, request: Forwarded, rule: Rule) -> Response:
        try:
            target = redirects.after_login(request, request.query.get("redirect") or "/")
        except redirects.InvalidRedirect as error:
            return _plain(400, f"Invalid redirect: {error}")
        if cookies.signed_in_user(self._config, request) is not None:
            return _redirect(target)
        return self._to_provider(request, target, prompt=True)

    def _logout(self, request: Forwarded, rule: Rule) -> Response:
        cleared = ("Set-Cookie", cookies.clear_session(self._config, request))
        try:
            target = redirects.after_login(request, request.query.get("redirect") or "/")
        except redirects.InvalidRedirect as error:
            return _plain(400, f"Invalid redirect: {error}", cleared)
        return _redirect(target, cleared)

    def _to_provider(self, request: Forwarded, target: str, *, prompt: bool) -> Response:
        nonce = cookies.new_nonce()
        stale = [name for name, _ in request.cookies() if self._config.csrf_cookie_name in name]
        headers = [("Set-Cookie", cookies.clear_csrf(self._config, request, name)) for name in stale]
        headers.append(("Set-Cookie", cookies.csrf_cookie(self._config, request, nonce)))
        if not self._config.insecure_cookie and request.scheme != "https":
            self._say("warn", request, "secure cookies for a request without https: the browser drops them")
        state = cookies.state_value(nonce, self._config.provider.name, target)
        uri = redirects.redirect_uri(self._config, request)
        return _redirect(login_url(self._config.provider, uri, state, prompt=prompt), *headers)

    def _not_authorized(self, request: Forwarded, why: str, *headers: tuple[str, str]) -> Response:
        self._say("warn", request, why)
        return _plain(401, "Not authorized", *headers)

    def _say(self, level: str, request: Forwarded, message: str) -> None:
        log(level, f"{request.method} {request.scheme}://{request.host}{request.path}: {message}")


def _plain(status: int, text: str, *headers: tuple[str, str]) -> Response:
    return Response(status, f"{text}\n".encode(), headers=list(headers))


def _redirect(target: str, *headers: tuple[str, str]) -> Response:
    page = f'<a href="{html.escape(target)}">Temporary Redirect</a>.\n'.encode()
    clean = target.replace("\r", "").replace("\n", "")
    return Response(307, page, "text/html; charset=utf-8", [("Location", clean), *headers])
