"""A gate for places without the real traefik-forward-auth: sign-in by the provider's code flow and a signed cookie.

It reads the configuration's addresses, credentials and cookie settings, and of the rules only which roles may pass where: the
numbers and hosts in them. It does not know the language of rules, so what a rule means to the real program is not shown here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from .connections import request as ask
from .http_server import Request, Response
from .log import log

_ROLES = re.compile(r"\\b\(([0-9|]+)\)\\b")
_HOST = re.compile(r"Host\(`([^`]+)`\)")
_PATH = re.compile(r"PathPrefix\(`([^`]+)`\)")
_LIFETIME = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NONCE = 32


class ForwardAuth:
    """Answers what Traefik asks about each request to a guarded page, which ``X-Forwarded-*`` describe."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._provider = config["providers"][config["provider"]]
        self._key = str(config["secret"]).encode()
        self._cookie, self._csrf = config["cookie-name"], config["csrf-cookie-name"]
        self._host, self._domain = config["auth-host"][0], config["cookie-domains"][0]
        lifetime = str(config["lifetime"])
        self._lifetime = (
            int(lifetime[:-1]) * _LIFETIME[lifetime[-1]] if not lifetime.isdigit() else int(lifetime)
        )
        self._rules = [
            rule for name, rule in config["rules"].items() if rule["action"] == "auth" and name != "default"
        ]
        self._default = config["rules"]["default"]

    def __call__(self, request: Request) -> Response:
        host, uri = request.header("X-Forwarded-Host"), request.header("X-Forwarded-Uri")
        if not host:
            return Response.text(
                200 if request.path == "/healthz" else 404, "ok" if request.path == "/healthz" else ""
            )
        page, path = f"https://{host}{uri.partition('?')[0]}", urlsplit(uri).path
        query = {name: values[0] for name, values in parse_qs(urlsplit(uri).query).items()}
        if host == self._host and path == "/_oauth":
            return self._callback(request, query)
        if host == self._host and path == "/logout":
            return self._logout(query)
        roles, user = self.session(request.cookies.get(self._cookie, ""))
        if user is None:
            return self._to_provider(page)
        if not roles & self.allowed(host, path):
            return Response.text(401, "Unauthorized")
        return Response.text(200, "OK", ("X-Forwarded-User", user))

    def allowed(self, host: str, path: str) -> set[str]:
        """The roles in the rule for a page: the longest that names its host, else the default."""
        fitting = [self._default]
        for rule in self._rules:
            at, below = _HOST.search(rule["route-rule"]), _PATH.search(rule["route-rule"])
            if at and at[1] == host and (below is None or path.startswith(below[1])):
                fitting.append(rule)
        rule = max(fitting, key=lambda rule: 0 if rule is self._default else len(rule["route-rule"]))
        found = _ROLES.search(rule["auth-rule"])
        return set(found[1].split("|")) if found else set()

    def _to_provider(self, page: str) -> Response:
        nonce = secrets.token_hex(NONCE // 2)
        query = {
            "client_id": self._provider["client-id"],
            "redirect_uri": f"https://{self._host}/_oauth",
            "response_type": "code",
            "scope": " ".join(self._provider["scopes"]),
            "state": f"{nonce}:generic-oauth:{page}",
        }
        to = f"{self._provider['auth-url']}?{urlencode(query)}"
        return self._redirect(to, self._line(f"{self._csrf}_{nonce[:6]}", nonce, 3600))

    def _callback(self, request: Request, query: Mapping[str, str]) -> Response:
        """The cookie binds the state to the browser that began; the page must be ours."""
        nonce, _, rest = query.get("state", "").partition(":")
        page = rest.partition(":")[2]
        name = f"{self._csrf}_{nonce[:6]}"
        kept = request.cookies.get(name, "")
        if (
            len(nonce) != NONCE
            or not hmac.compare_digest(kept.encode(), nonce.encode())
            or not self._is_ours(page)
        ):
            return Response.text(401, "Not authorized")
        cleared = self._line(name, "", -3600)
        if "error" in query:
            return Response.text(401, "Not authorized", cleared)
        member, why = self._member(query.get("code", ""))
        if member is None:
            log("error", f"sign-in: {why}")
            return Response.text(503, "Service unavailable", cleared)
        if "roles" not in member:
            return Response.text(403, "Forbidden", cleared)
        claims = {"roles": f"[{' '.join(member['roles'])}]", "user": {"id": member["user"]["id"]}}
        token = self._signed({"exp": int(time.time()) + self._lifetime, "tfa": claims})
        return self._redirect(page, cleared, self._line(self._cookie, token, self._lifetime))

    def _member(self, code: str) -> tuple[dict[str, Any] | None, str]:
        """Who has the code is, and their roles, as the provider says; or why that is not known."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"https://{self._host}/_oauth",
        }
        pair = f"{quote(self._provider['client-id'])}:{quote(self._provider['client-secret'])}".encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        try:
            status, body = ask(self._provider["token-url"], "POST", headers, urlencode(form).encode())
            if status != 200:
                return None, f"the token endpoint answers {status}"
            bearer = {"Authorization": f"Bearer {json.loads(body)['access_token']}"}
            status, body = ask(self._provider["user-url"], "GET", bearer)
            return (
                (dict(json.loads(body)), "")
                if status in (200, 404)
                else (None, f"the member call answers {status}")
            )
        except (OSError, ValueError, KeyError) as error:
            return None, f"the provider does not answer as it should: {error}"

    def _logout(self, query: Mapping[str, str]) -> Response:
        to = query.get("redirect") or f"https://{self._host}/"
        if not self._is_ours(to):
            return Response.text(400, "Invalid redirect")
        return self._redirect(to, self._line(self._cookie, "", -3600))

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        host = parts.netloc
        return (
            parts.scheme == "https"
            and "\\" not in url
            and (host == self._domain or host.endswith(f".{self._domain}"))
        )

    def session(self, cookie: str) -> tuple[set[str], str | None]:
        """Roles and id in a cookie with our signature that has not expired."""
        content, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(content).encode()):
            return set(), None
        head, body = (
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in content.split(".")
        )
        if head != {"alg": "HS256", "typ": "JWT"} or body["exp"] <= time.time():
            return set(), None
        return set(body["tfa"]["roles"].strip("[]").split()), str(body["tfa"]["user"]["id"])

    def _signed(self, claims: Mapping[str, Any]) -> str:
        content = ".".join(
            _base64(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT"}, claims)
        )
        return f"{content}.{self._signature(content)}"

    def _signature(self, content: str) -> str:
        return _base64(hmac.new(self._key, content.encode(), hashlib.sha256).digest())

    def _line(self, name: str, value: str, seconds: int) -> tuple[str, str]:
        flags = f"Path=/; Domain={self._domain}; Max-Age={seconds}; HttpOnly; Secure; SameSite=Lax"
        return "Set-Cookie", f"{name}={value}; {flags}"

    def _redirect(self, to: str, *headers: tuple[str, str]) -> Response:
        return Response.text(307, "Temporary Redirect", ("Location", to), *headers)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
