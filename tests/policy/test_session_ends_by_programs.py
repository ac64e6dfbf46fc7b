"""The real Traefik with the plugin that is rendered for it: what is open ends with the session that opened it.

Sessions are made here, in forward-auth's form (tests/policy/test_sign_in_by_programs.py holds that against the program). Where Traefik
is looked for: tests/programs.py.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import jwt
import pytest

from tests.loopback_ingress import ADMIN, PAGE, PUBLIC, Cookies, Ingress, on_loopback

LATE_S = 3
"""How much later than its session a connection may end, on a machine that is busy."""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    with on_loopback(tmp_path_factory.mktemp("ingress"), asks=False) as running:
        yield running


def session(gate: Ingress, seconds: float, roles: int = 1) -> Cookies:
    """A session in the parts in which a browser keeps it."""
    claims = {"roles": f"[{' '.join([ADMIN] * roles)}]", "exp": int(time.time() + seconds)}
    value = jwt.encode(claims, "of-no-importance-here-and-long-enough", algorithm="HS256")
    parts = [value[at : at + 3500] for at in range(0, len(value), 3500)]
    names = [gate.cookie, *(f"{gate.cookie}_{number}" for number in range(2, len(parts) + 1))]
    return Cookies(zip(names, parts, strict=True))


def opened(gate: Ingress, cookies: Cookies, host: str = PAGE) -> socket.socket:
    """A WebSocket to the page, which says nothing until it hears something."""
    head = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in cookies.header.items()) + "\r\n"
    plain = socket.create_connection(("127.0.0.1", gate.port), timeout=10)
    plain.sendall(head.encode())
    said = plain.recv(4096)
    assert said.startswith(b"HTTP/1.1 101 "), said
    return plain


@pytest.mark.parametrize("roles", [1, 250])
def test_an_open_websocket_ends_with_its_session(gate: Ingress, roles: int) -> None:
    cookies = session(gate, 4, roles)
    began = time.time()
    with opened(gate, cookies) as plain:
        assert plain.recv(1) == b"", "nothing was said, so this is its end"
        assert 2 < time.time() - began < 4 + LATE_S


@pytest.mark.parametrize("host", [PAGE, PUBLIC])
def test_a_websocket_stays_open_as_long_as_its_session_and_a_public_one_without(
    gate: Ingress, host: str
) -> None:
    with opened(gate, session(gate, 60) if host == PAGE else Cookies(), host) as plain:
        time.sleep(2)
        plain.sendall(b"1234")
        assert plain.recv(4) == b"4321"


@pytest.mark.parametrize("value", ["", "another-form", "a.b.c", "a.e30.c"])
def test_a_session_whose_end_cannot_be_read_opens_nothing(gate: Ingress, value: str) -> None:
    """Else a sign-in that changes the form of its cookie would leave connections without an end, and nobody would notice."""
    cookies = Cookies({gate.cookie: value} if value else {})
    answer = gate.ask(PAGE, cookies=cookies)
    assert answer.status == 502
    assert (
        answer.body
        == "The session's cookie does not say when it ends: forward-auth writes another form than this plugin reads.\n"
    )
