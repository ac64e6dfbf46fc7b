"""A WebSocket by hand (RFC 6455), as far as a check needs it: upgrade, one text there, one text back."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from ops.smoke.browser import Reach

TIMEOUT_S = 10.0
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT = 0x81


class NoWebSocket(Exception):
    """The other side does not speak it; the message is what it said instead."""


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """The answer to an upgrade."""

    status: int
    headers: dict[str, str]


def exchange(host: str, path: str, text: str, *, protocol: str, reach: Reach, context: ssl.SSLContext) -> str:
    """Opens a WebSocket, sends a text and returns the first text that comes.

    Raises:
        NoWebSocket: no upgrade, or no text.
        OSError: no connection.
    """
    key = base64.b64encode(os.urandom(16)).decode()
    with (
        socket.create_connection((reach.address(host), 443), timeout=TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as line,
        line.makefile("rb") as stream,
    ):
        line.sendall(request(host, path, key, protocol))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            part = stream.readline()
            if not part:
                raise NoWebSocket("the connection ended before an answer")
            head += part
        problem = wrong_in_upgrade(parsed(head), key, protocol)
        if problem:
            raise NoWebSocket(problem)
        line.sendall(frame(text))
        return text_in(stream.read(2), stream.read)


def request(host: str, path: str, key: str, protocol: str) -> bytes:
    """The upgrade."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        f"Origin: https://{host}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        f"Sec-WebSocket-Protocol: {protocol}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def parsed(head: bytes) -> Handshake:
    """Status and headers of an answer."""
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    words = first.split()
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Handshake(status=int(words[1]) if len(words) > 1 and words[1].isdigit() else 0, headers=headers)


def wrong_in_upgrade(answer: Handshake, key: str, protocol: str) -> str:
    """What is wrong with an answer; empty when it is an upgrade to what was asked for."""
    if answer.status != 101:
        return f"answers {answer.status}, not 101"
    accept = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()
    if answer.headers.get("sec-websocket-accept") != accept:
        return "the key in the answer is wrong: a proxy answered, not the service"
    chosen = answer.headers.get("sec-websocket-protocol")
    return "" if chosen == protocol else f"chose protocol {chosen!r}, not {protocol!r}"


def frame(text: str) -> bytes:
    """One masked text frame of fewer than 126 bytes, as a client sends it."""
    payload = text.encode()
    if len(payload) > 125:
        raise ValueError(f"{len(payload)} bytes do not fit in a short frame; 125 do")
    mask = os.urandom(4)
    return bytes([_TEXT, 0x80 | len(payload)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def text_in(start: bytes, read: Callable[[int], bytes]) -> str:
    """The text of a short frame that begins with these two bytes.

    Args:
        read: gives that many further bytes.
    """
    if len(start) < 2 or start[0] != _TEXT or start[1] > 125:
        raise NoWebSocket(f"sent no short text: {start.hex() or 'the end'}")
    return read(start[1]).decode()
