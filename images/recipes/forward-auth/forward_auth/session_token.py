"""The signed content of the session cookie: a JWT, HS256, with the fields kept about the user."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

USERINFO_CLAIM = "tfa"
"""The claim the real program uses, so that both read each other's cookies."""


class InvalidToken(Exception):
    """Not a token of ours, or no longer valid."""


def sign(userinfo: Any, expires: int, secret: bytes) -> str:
    """A token with the user's fields that is valid until `expires` (seconds since 1970)."""
    head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")).encode())
    claims = {"exp": expires, USERINFO_CLAIM: userinfo}
    body = _encode(json.dumps(claims, separators=(",", ":")).encode())
    return f"{head}.{body}.{_signature(f'{head}.{body}', secret)}"


def verify(token: str, secret: bytes, now: float) -> Any:
    """The user's fields; `InvalidToken` for another algorithm, a wrong signature, or an expired token."""
    parts = token.split(".")
    if len(parts) != 3:
        raise InvalidToken("not three parts")
    header = _object(parts[0])
    if header.get("alg") != "HS256":
        raise InvalidToken(f"algorithm {header.get('alg')!r} is not HS256")
    expected = _signature(f"{parts[0]}.{parts[1]}", secret)
    if not hmac.compare_digest(expected.encode(), parts[2].encode()):
        raise InvalidToken("signature is invalid")
    claims = _object(parts[1])
    _check_times(claims, now)
    if claims.get(USERINFO_CLAIM) is None:
        raise InvalidToken(f"no {USERINFO_CLAIM} claim")
    return claims[USERINFO_CLAIM]


def _check_times(claims: dict[str, Any], now: float) -> None:
    for name in ("exp", "nbf"):
        value = claims.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidToken(f"{name} is not a number")
        if (name == "exp" and now >= value) or (name == "nbf" and now < value):
            raise InvalidToken("token is expired" if name == "exp" else "token is not valid yet")


def _signature(content: str, secret: bytes) -> str:
    return _encode(hmac.new(secret, content.encode(), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidToken("cannot be decoded") from error
    if not isinstance(value, dict):
        raise InvalidToken("not an object")
    return value
