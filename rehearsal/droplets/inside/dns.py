"""A name server over UDP and TCP that knows the box's zones and nothing else."""

from __future__ import annotations

import asyncio
import struct
from ipaddress import IPv4Address, IPv6Address
from typing import cast

from .watched import Watched
from .zones import Answer, Zones, lookup

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "TXT": 16, "AAAA": 28}  # what Record tells enough about
NAMES = {number: name for name, number in TYPES.items()}
INTERNET_CLASS = 1
BAD_QUESTION, NOT_IMPLEMENTED = 1, 4  # response codes
RESPONSE, AUTHORITATIVE, RECURSION_DESIRED, RECURSION_AVAILABLE = 0x8000, 0x0400, 0x0100, 0x0080
OPCODE = 0x7800
LARGEST_UDP = 1232  # bytes; no answer here comes near
HEADER = struct.Struct("!HHHHHH")


def respond(message: bytes, zones: Zones) -> bytes | None:
    """The answer to one question; None for what is no question."""
    if len(message) < HEADER.size:
        return None
    number, flags, questions, *_ = HEADER.unpack_from(message)
    if flags & RESPONSE:
        return None
    said = RESPONSE | AUTHORITATIVE | RECURSION_AVAILABLE | (flags & (RECURSION_DESIRED | OPCODE))
    if flags & OPCODE:
        return HEADER.pack(number, said | NOT_IMPLEMENTED, 0, 0, 0, 0)
    try:
        name, end = _read_name(message, HEADER.size)
        type, _ = struct.unpack_from("!HH", message, end)
    except (IndexError, struct.error, ValueError):
        questions = 0
    if questions != 1:
        return HEADER.pack(number, said | BAD_QUESTION, 0, 0, 0, 0)
    code, answers = lookup(zones, name, NAMES.get(type, "-"))
    question = message[HEADER.size : end + 4]
    body = b"".join(_record(one) for one in answers)
    return HEADER.pack(number, said | code, 1, len(answers), 0, 0) + question + body


def question(name: str, type: str = "A", number: int = 0) -> bytes:
    """A message that asks for a name."""
    head = HEADER.pack(number, RECURSION_DESIRED, 1, 0, 0, 0)
    return head + _name(name) + struct.pack("!HH", TYPES[type], INTERNET_CLASS)


def _read_name(message: bytes, at: int) -> tuple[str, int]:
    """A question's name in lower case, and where it ends. Questions are not compressed."""
    labels = []
    while length := message[at]:
        if length > 63:
            raise ValueError(f"label of {length} bytes")
        labels.append(message[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    return ".".join(labels).lower(), at + 1


def _name(name: str) -> bytes:
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _record(one: Answer) -> bytes:
    data = _data(one)
    return _name(one.name) + struct.pack("!HHIH", TYPES[one.type], INTERNET_CLASS, one.ttl, len(data)) + data


def _data(one: Answer) -> bytes:
    if one.type == "A":
        return IPv4Address(one.data).packed
    if one.type == "AAAA":
        return IPv6Address(one.data).packed
    if one.type == "TXT":
        text = one.data.encode()
        return b"".join(
            bytes([len(part)]) + part for part in (text[i : i + 255] for i in range(0, len(text), 255))
        )
    return _name(one.data)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zones: Watched) -> None:
        self._zones = zones
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # Python 3.11's own is of another class

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = respond(data, self._zones.value)
        if answer and self._transport:
            self._transport.sendto(answer[:LARGEST_UDP], addr)


async def serve(address: str, port: int, zones: Watched) -> None:
    """Answer until cancelled."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                answer = respond(await reader.readexactly(length), zones.value) or b""
                writer.write(struct.pack("!H", len(answer)) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: _Udp(zones), local_addr=(address, port))
    await asyncio.start_server(connected, address, port)
