"""Who is asking: password, session cookie, or the header of a trusted proxy."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import secrets
from http.cookies import CookieError, SimpleCookie

from standin.http_server import Request

from grafana_standin.database import Database
from grafana_standin.settings import Settings

COOKIE = "grafana_session"


class SignIn:
    """Knows the administrator (password set at the first start only, as in the real program) and sessions."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        if not database.all("user"):
            database.put("user", settings.admin_user, _hashed(settings.admin_password))

    def user(self, request: Request) -> str | None:
        """The signed-in user's name, `anonymous` where that is switched on, None otherwise."""
        return (
            self._from_proxy(request)
            or self._from_password(request)
            or self._from_session(request)
            or ("anonymous" if self._settings.anonymous else None)
        )

    def start_session(self, name: str, password: str) -> str | None:
        """The cookie value of a new session, None for a wrong password."""
        if not self._fits(name, password):
            return None
        value = secrets.token_urlsafe(24)
        self._database.put("session", _digest(value), name)
        return value

    def _from_proxy(self, request: Request) -> str | None:
        name = request.header(self._settings.proxy_header) if self._settings.proxy_header else ""
        if not name:
            return None
        address = ipaddress.ip_address(request.client.removeprefix("::ffff:"))
        networks = self._settings.proxy_networks
        return name if not networks or any(address in network for network in networks) else None

    def _from_password(self, request: Request) -> str | None:
        scheme, _, value = request.header("Authorization").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return name if self._fits(name, password) else None

    def _from_session(self, request: Request) -> str | None:
        try:
            cookie = SimpleCookie(request.header("Cookie")).get(COOKIE)
        except CookieError:
            return None
        return self._database.get("session", _digest(cookie.value)) if cookie else None

    def _fits(self, name: str, password: str) -> bool:
        kept = self._database.get("user", name) or ""
        salt, sign, _ = kept.partition(":")
        return bool(sign) and secrets.compare_digest(_hashed(password, bytes.fromhex(salt)), kept)


def _hashed(password: str, salt: bytes | None = None) -> str:
    salt = salt or secrets.token_bytes(16)
    return f"{salt.hex()}:{hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1).hex()}"


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
