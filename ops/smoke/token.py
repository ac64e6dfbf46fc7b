"""Cookies that nobody may accept, made from one that is good."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

LIFETIME_S = 3600


def forgeries(good: str, *, key: str | None) -> Iterator[tuple[str, str]]:
    """What is wrong with each, and the cookie.

    Args:
        good: a session of the sign-in, a JSON web token (HS256).
        key: what it was signed with. Only with it can a cookie be made that is wrong in its date alone.
    """
    head, body, signature = good.split(".")
    claims = _decoded(body)
    later = {**claims, "exp": int(time.time()) + LIFETIME_S}
    yield "no token at all", "x"
    yield "claims changed, old signature", f"{head}.{_encoded(later)}.{signature}"
    yield "signature cut off", f"{head}.{body}."
    yield "algorithm none", f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(later)}."
    yield "signed by another environment", signed(later, "another key")
    yield "signed with an empty key", signed(later, "")
    if key is not None:
        yield "expired", signed({**claims, "exp": int(time.time()) - 1}, key)


def signed(claims: Mapping[str, Any], key: str) -> str:
    """A token with these claims."""
    content = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    digest = hmac.new(key.encode(), content.encode(), hashlib.sha256).digest()
    return f"{content}.{_text(digest)}"


def _encoded(value: Mapping[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(part: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value
