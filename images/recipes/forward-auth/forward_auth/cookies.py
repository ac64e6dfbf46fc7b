"""The two cookies: the signed session, and the nonce that ties a callback to the browser that started it."""

from __future__ import annotations

import secrets
import time
from email.utils import formatdate
from typing import Any

from forward_auth import session_token
from forward_auth.config import Config
from forward_auth.domains import auth_domain, cookie_domain
from forward_auth.forwarded import Forwarded

NONCE_CHARACTERS = 32
CSRF_LIFETIME_SECONDS = 3600
"""How long a started sign-in may take, as in the real program."""


class InvalidState(Exception):
    """The callback's state does not belong to this browser."""


def session_cookie(config: Config, request: Forwarded, userinfo: Any) -> str:
    """The Set-Cookie value that signs a user in."""
    expires = int(time.time()) + config.lifetime
    token = session_token.sign(userinfo, expires, config.secret)
    domain = cookie_domain(config.cookie_domains, request.host)
    return _cookie(config, config.cookie_name, token, domain, expires)


def clear_session(config: Config, request: Forwarded) -> str:
    """The Set-Cookie value that signs a user out."""
    domain = cookie_domain(config.cookie_domains, request.host)
    return _cookie(config, config.cookie_name, "", domain, int(time.time()) - 3600)


def signed_in_user(config: Config, request: Forwarded) -> Any:
    """The user of a valid session cookie, None otherwise."""
    value = request.cookie(config.cookie_name)
    if value is None:
        return None
    try:
        return session_token.verify(value, config.secret, time.time())
    except session_token.InvalidToken:
        return None


def new_nonce() -> str:
    """32 random hexadecimal characters."""
    return secrets.token_hex(NONCE_CHARACTERS // 2)


def csrf_cookie(config: Config, request: Forwarded, nonce: str) -> str:
    """The Set-Cookie value that remembers a started sign-in."""
    expires = int(time.time()) + CSRF_LIFETIME_SECONDS
    return _cookie(config, _csrf_name(config, nonce), nonce, _csrf_domain(config, request), expires)


def clear_csrf(config: Config, request: Forwarded, name: str) -> str:
    """The Set-Cookie value that forgets a started sign-in."""
    return _cookie(config, name, "", _csrf_domain(config, request), int(time.time()) - 3600)


def state_value(nonce: str, provider: str, return_to: str) -> str:
    """The state sent to the provider: nonce, provider, page to return to."""
    return f"{nonce}:{provider}:{return_to}"


def checked_state(config: Config, request: Forwarded, state: str) -> tuple[str, str, str]:
    """(name of the nonce cookie, provider, page to return to).

    `InvalidState` when it is not this browser's.
    """
    if len(state) < NONCE_CHARACTERS + 2:
        raise InvalidState("invalid CSRF state value")
    name = _csrf_name(config, state)
    value = request.cookie(name)
    if value is None:
        raise InvalidState("missing csrf cookie")
    if len(value) != NONCE_CHARACTERS:
        raise InvalidState("invalid CSRF cookie value")
    if not secrets.compare_digest(value.encode(), state[:NONCE_CHARACTERS].encode()):
        raise InvalidState("CSRF cookie does not match state")
    provider, sign, return_to = state[NONCE_CHARACTERS + 1 :].partition(":")
    if not sign:
        raise InvalidState("invalid CSRF state format")
    return name, provider, return_to


def _csrf_name(config: Config, nonce: str) -> str:
    return f"{config.csrf_cookie_name}_{nonce[:6]}"


def _csrf_domain(config: Config, request: Forwarded) -> str:
    found = auth_domain(config.auth_hosts, config.cookie_domains, request.host)
    return (found[0] if found else request.host).split(":")[0]


def _cookie(config: Config, name: str, value: str, domain: str, expires: int) -> str:
    parts = [f"{name}={value}", "Path=/", f"Domain={domain}", f"Expires={formatdate(expires, usegmt=True)}"]
    parts.append("HttpOnly")
    if not config.insecure_cookie:
        parts.append("Secure")
    return "; ".join(parts)
