"""A name server over UDP and TCP that knows the box's zones and nothing else."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable
from typing import cast

from dnslib import AAAA, CNAME, NS, QTYPE, RCODE, RD, RR, TXT, A, DNSError, DNSRecord

from .watched import Watched
from .zones import Answer, Zones, lookup

DATA = {"A": A, "AAAA": AAAA, "CNAME": CNAME, "NS": NS}
TYPES = {*DATA, "TXT"}  # what Record has enough of
LONGEST_TEXT = 255  # bytes of one string in a TXT record


def respond(message: bytes, zones: Zones) -> bytes | None:
    """The reply to one question; None for a message that is no question."""
    try:
        request = DNSRecord.parse(message)
    except DNSError:
        return None
    if request.header.qr:
        return None
    reply = request.reply()
    if request.header.opcode:
        reply.header.rcode = RCODE.NOTIMP
    elif len(request.questions) != 1:
        reply.header.rcode = RCODE.FORMERR
    else:
        kind = QTYPE.get(request.q.qtype)
        name = str(request.q.qname).rstrip(".").lower()
        reply.header.rcode, answers = lookup(zones, name, kind if kind in TYPES else "-")
        reply.add_answer(*_records(answers))
    packed: bytes = reply.pack()
    return packed


def _records(answers: Iterable[Answer]) -> Iterable[RR]:
    return (RR(one.name, getattr(QTYPE, one.type), ttl=one.ttl, rdata=_data(one)) for one in answers)


def _data(one: Answer) -> RD:
    if one.type != "TXT":
        return DATA[one.type](one.data)
    text = one.data.encode()
    return TXT([text[i : i + LONGEST_TEXT] for i in range(0, len(text), LONGEST_TEXT)])


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zones: Watched) -> None:
        self._zones = zones
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # Python 3.11's own is of another class

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = respond(data, self._zones.value)
        if answer and self._transport:
            self._transport.sendto(answer, addr)


async def serve(address: str, port: int, zones: Watched) -> None:
    """Answers until cancelled."""

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
