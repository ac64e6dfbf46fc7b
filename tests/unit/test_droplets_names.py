"""The box's DNS: which records answer, and the messages; the ssh configuration made of the same zones."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dnslib import OPCODE, QTYPE, RCODE, DNSRecord

from rehearsal.droplets.inside.dns import respond
from rehearsal.droplets.inside.zones import FOUND, NO_SUCH_NAME, address, lookup, names
from rehearsal.droplets.ssh import config


def record(type: str, name: str, data: str, ttl: int = 60) -> dict[str, Any]:
    return {"type": type, "name": name, "data": data, "ttl": ttl}


ZONES = {
    "example.test": [
        record("SOA", "@", "1800"),
        record("A", "@", "198.51.100.130"),
        record("A", "swarm", "198.51.100.130", 30),
        record("A", "app-1.nodes", "10.124.0.2"),
        record("CNAME", "*.admin", "example.test"),
        record("A", "redis.admin", "198.51.100.11"),
        record("CNAME", "db", "private-db.example.com"),
        record("CNAME", "self", "@"),
        record("AAAA", "@", "2001:db8::1"),
        record("TXT", "@", "v=spf1 -all"),
        record("TXT", "long", "x" * 300),
        record("CNAME", "round", "about.example.test"),
        record("CNAME", "about", "round.example.test"),
    ],
    "sub.example.test": [record("A", "*", "198.51.100.20")],
}


def answered(question: DNSRecord) -> DNSRecord:
    """What comes back over the wire."""
    return DNSRecord.parse(respond(question.pack(), ZONES))


def shown(reply: DNSRecord) -> list[tuple[str, str, int, str]]:
    return [(str(one.rname), QTYPE[one.rtype], one.ttl, str(one.rdata)) for one in reply.rr]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("example.test", "198.51.100.130"),
        ("swarm.example.test", "198.51.100.130"),
        ("app-1.nodes.example.test", "10.124.0.2"),
        ("self.example.test", "198.51.100.130"),
        ("grafana.admin.example.test", "198.51.100.130"),  # by wildcard and CNAME
        ("a.b.admin.example.test", "198.51.100.130"),  # a wildcard stands for several labels
        ("redis.admin.example.test", "198.51.100.11"),  # an exact name comes first
        ("x.redis.admin.example.test", None),  # and hides the wildcard below it
        ("admin.example.test", None),  # a wildcard does not stand for its own parent
        ("any.sub.example.test", "198.51.100.20"),  # the longer zone decides
        ("missing.example.test", None),
        ("example.com", None),
        ("notexample.test", None),
    ],
)
def test_addresses(name: str, found: str | None) -> None:
    assert address(ZONES, name) == found


def test_a_name_without_that_type_exists_and_one_without_records_does_not() -> None:
    assert lookup(ZONES, "swarm.example.test", "AAAA") == (FOUND, [])
    assert lookup(ZONES, "nodes.example.test", "A") == (FOUND, [])  # between two names that exist
    assert lookup(ZONES, "missing.example.test", "A") == (NO_SUCH_NAME, [])
    assert lookup(ZONES, "example.com", "A") == (NO_SUCH_NAME, [])


def test_a_chain_that_leaves_the_zones_is_answered_as_far_as_known() -> None:
    code, answers = lookup(ZONES, "db.example.test", "A")
    assert code == FOUND and [(one.type, one.data) for one in answers] == [
        ("CNAME", "private-db.example.com")
    ]


def test_a_circle_of_names_ends() -> None:
    assert address(ZONES, "round.example.test") is None


def test_a_message_is_answered_with_address_and_time_to_live() -> None:
    question = DNSRecord.question("Swarm.Example.test")
    reply = answered(question)
    assert (reply.header.id, reply.header.rcode, reply.header.aa) == (question.header.id, FOUND, 1)
    assert str(reply.q.qname) == "Swarm.Example.test."  # as it was asked
    assert shown(reply) == [("swarm.example.test.", "A", 30, "198.51.100.130")]


def test_each_type_has_its_own_data() -> None:
    assert shown(answered(DNSRecord.question("self.example.test"))) == [
        ("self.example.test.", "CNAME", 60, "example.test."),
        ("example.test.", "A", 60, "198.51.100.130"),
    ]
    assert shown(answered(DNSRecord.question("example.test", "AAAA"))) == [
        ("example.test.", "AAAA", 60, "2001:db8::1")
    ]
    short, long = (answered(DNSRecord.question(f"{name}example.test", "TXT")).rr[0] for name in ("", "long."))
    assert short.rdata.data == [b"v=spf1 -all"]
    assert [len(part) for part in long.rdata.data] == [255, 45]


def test_what_is_no_question_gets_no_answer() -> None:
    assert answered(DNSRecord.question("no.example.test")).header.rcode == NO_SUCH_NAME
    assert shown(answered(DNSRecord.question("example.test", "SOA"))) == []
    update = DNSRecord.question("example.test")
    update.header.opcode = OPCODE.UPDATE
    assert answered(update).header.rcode == RCODE.NOTIMP
    twice = DNSRecord.question("example.test")
    twice.add_question(twice.q)
    assert answered(twice).header.rcode == RCODE.FORMERR
    assert respond(answered(twice).pack(), ZONES) is None
    assert respond(b"short", ZONES) is None


SERVER = """
import asyncio, sys
from pathlib import Path
from rehearsal.droplets.inside.dns import serve
from rehearsal.droplets.inside.watched import Watched

async def run() -> None:
    await serve("127.0.0.1", int(sys.argv[1]), Watched(Path(sys.argv[2])))
    print("serving", flush=True)
    await asyncio.sleep(60)

asyncio.run(run())
"""


def test_the_server_answers_over_udp_and_twice_over_one_tcp_connection(tmp_path: Path) -> None:
    (tmp_path / "zones.json").write_text(json.dumps(ZONES))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    question = DNSRecord.question("swarm.example.test")
    command = [sys.executable, "-c", SERVER, str(port), str(tmp_path / "zones.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stdout.readline() == "serving\n"
        found = [question.send("127.0.0.1", port, timeout=5)]
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
            connection.makefile("rb") as stream,
        ):
            message = question.pack()
            connection.sendall(
                (struct.pack("!H", len(message)) + message) * 2
            )  # as glibc asks for A and AAAA
            found += [stream.read(*struct.unpack("!H", stream.read(2))) for _ in range(2)]
        server.kill()
    answer = ("swarm.example.test.", "A", 30, "198.51.100.130")
    assert [shown(DNSRecord.parse(reply)) for reply in found] == [[answer]] * 3


def test_ssh_finds_names_with_an_address_and_checks_keys_by_name() -> None:
    text = config(ZONES)
    entry = "Host swarm.example.test\n    HostName 198.51.100.130\n    HostKeyAlias swarm.example.test\n"
    assert entry in text and "ControlMaster no" in text
    assert "*" not in text and "db.example.test" not in text
    assert "*.admin.example.test" in list(names(ZONES))
