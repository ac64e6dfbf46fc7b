"""The forged cookies of smoke against the code that has to refuse them, and its WebSocket by hand."""

from __future__ import annotations

import base64
import io
import json
import time

import pytest

from images.standin.forward_auth import ForwardAuth
from ops.smoke.checks_sign_in import key_in
from ops.smoke.token import forgeries, signed
from ops.smoke.websocket import Handshake, NoWebSocket, frame, parsed, text_in, wrong_in_upgrade

KEY = "k" * 32


CLAIMS = {"roles": "[1]", "user": {"id": "7"}}
GATE = ForwardAuth(
    {
        "secret": KEY, "cookie-name": "c", "csrf-cookie-name": "c_csrf", "auth-host": ["auth.example.org"],
        "cookie-domains": ["example.org"], "lifetime": "12h", "provider": "p", "providers": {"p": {}},
        "rules": {"default": {"action": "auth", "auth-rule": ""}},
    }
)  # fmt: skip


def good() -> str:
    return signed({"exp": int(time.time()) + 60, "tfa": CLAIMS}, KEY)


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
    _, body, _ = expired.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims["tfa"] == CLAIMS
    assert GATE.session(signed({**claims, "exp": int(time.time()) + 60}, KEY)) == ({"1"}, "7")


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


# -- WebSocket ---------------------------------------------------------------------------------------------

# The example of RFC 6455, 1.3.
NONCE = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def upgrade(status: int = 101, accept: str = ACCEPT, protocol: str = "chat") -> Handshake:
    return parsed(
        f"HTTP/1.1 {status} X\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
    )


def test_the_example_of_the_rfc_is_an_upgrade() -> None:
    assert wrong_in_upgrade(upgrade(), NONCE, "chat") == ""


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (upgrade(status=404), "answers 404, not 101"),
        (upgrade(accept="x"), "the key in the answer is wrong: a proxy answered, not the service"),
        (upgrade(protocol="other"), "chose protocol 'other', not 'chat'"),
        (parsed(b"nonsense\r\n\r\n"), "answers 0, not 101"),
    ],
)
def test_what_is_no_upgrade(answer: Handshake, wrong: str) -> None:
    assert wrong_in_upgrade(answer, NONCE, "chat") == wrong


def test_a_frame_is_masked_and_comes_back_plain() -> None:
    sent = frame("hello")
    assert sent[:2] == b"\x81\x85" and b"hello" not in sent
    mask, payload = sent[2:6], sent[6:]
    assert bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) == b"hello"
    stream = io.BytesIO(b"\x81\x05hello")
    assert text_in(stream.read(2), stream.read) == "hello"


@pytest.mark.parametrize("start", [b"", b"\x88\x02", b"\x81\x7e"])
def test_what_is_no_short_text(start: bytes) -> None:
    with pytest.raises(NoWebSocket, match="sent no short text"):
        text_in(start, lambda count: b"")


def test_a_long_text_does_not_fit() -> None:
    with pytest.raises(ValueError, match="126 bytes do not fit"):
        frame("x" * 126)
