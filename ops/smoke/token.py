"""Forged session cookies, made from a good one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import jwt

LIFETIME_S = 3600
OTHER_KEY = "signing key of another environment"
EMPTY_KEY = "\0" * 32
"""HMAC pads a key with zeros, so this gives the signature of an empty key, with which PyJWT refuses to sign."""


def forgeries(good: str, *, key: str | None) -> Iterator[tuple[str, str]]:
    """What is wrong with each cookie, and the cookie.

    Args:
        good: a session of the sign-in, a JSON web token (HS256).
        key: what it was signed with. Without it, no cookie can be made whose only fault is its date.
    """
    head, body, signature = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    later = {**claims, "exp": int(time.time()) + LIFETIME_S}
    unsigned = jwt.encode(later, None, algorithm="none")
    yield "no token at all", "x"
    yield "claims changed, old signature", f"{head}.{unsigned.split('.')[1]}.{signature}"
    yield "signature cut off", f"{head}.{body}."
    yield "algorithm none", unsigned
    yield "signed by another environment", jwt.encode(later, OTHER_KEY)
    yield "signed with an empty key", jwt.encode(later, EMPTY_KEY)
    if key is not None:
        yield "expired", jwt.encode({**claims, "exp": int(time.time()) - 1}, key)
