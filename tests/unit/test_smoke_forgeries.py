"""The forged cookies of smoke against the code that has to refuse them."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from images.standin.forward_auth import ForwardAuth
from ops.smoke.checks_sign_in import key_in
from ops.smoke.token import EMPTY_KEY, forgeries

KEY = "k" * 32


CLAIMS = {"roles": "[1]", "user": {"id": "7"}}
GATE = ForwardAuth(
    {
        "secret": KEY, "cookie-name": "c", "csrf-cookie-name": "c_csrf", "auth-host": ["auth.example.org"],
        "cookie-domains": ["example.org"], "lifetime": "12h", "provider": "p", "providers": {"p": {}},
        "rules": {"default": {"action": "auth", "auth-rule": ""}},
    }
)  # fmt: skip


def good(claims: Mapping[str, Any] | None = None) -> str:
    return jwt.encode({"tfa": CLAIMS, **(claims or {}), "exp": int(time.time()) + 60}, KEY)


def test_each_forgery_is_refused_and_what_it_was_made_from_is_not() -> None:
    assert GATE.session(good()) == ({"1"}, "7")
    made = dict(forgeries(good(), key=KEY))
    assert list(made) == [
        "no token at all",
        "claims changed, old signature",
        "signature cut off",
        "algorithm none",
        "signed by another environment",
        "signed with an empty key",
        "expired",
    ]
    for what, cookie in made.items():
        assert GATE.session(cookie) == (set(), None), what


def test_without_the_key_nothing_can_be_wrong_in_its_date_alone() -> None:
    assert "expired" not in dict(forgeries(good(), key=None))


def test_an_expired_cookie_is_expired_and_nothing_else() -> None:
    expired = dict(forgeries(good(), key=KEY))["expired"]
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(expired, KEY, algorithms=["HS256"])
    claims = jwt.decode(expired, KEY, algorithms=["HS256"], options={"verify_exp": False})
    assert claims["tfa"] == CLAIMS
    assert GATE.session(good(claims)) == ({"1"}, "7")


def test_zeros_sign_as_an_empty_key_does() -> None:
    content = good().encode()
    assert hmac.digest(EMPTY_KEY.encode(), content, "sha256") == hmac.digest(b"", content, "sha256")


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ("# Who may see pages.\nsecret: abc\nport: 1\n", "abc"),
        ("secret: 'abc'\n", "abc"),
        ("  client-secret: abc\n", None),
        ("", None),
    ],
)
def test_the_key_is_found_in_the_configuration(config: str, key: str | None) -> None:
    assert key_in(config) == key
