"""The box's DNS: which records answer, and the messages; the ssh configuration made of the same zones."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from rehearsal.droplets.inside.dns import HEADER, question, respond
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
        record("TXT", "@", "v=spf1 -all"),
        record("CNAME", "round", "about.example.test"),
        record("CNAME", "about", "round.example.test"),
    ],
    "sub.example.test": [record("A", "*", "198.51.100.20")],
}


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
    asked = question("Swarm.Example.test", number=7)
    answer = respond(asked, ZONES) or b""
    number, flags, questions, answers, *_ = HEADER.unpack_from(answer)
    assert (number, flags & 0xF, questions, answers) == (7, FOUND, 1, 1)
    assert answer[HEADER.size : len(asked)] == asked[HEADER.size :]  # the question as it was asked
    assert answer.endswith(struct.pack("!HHIH", 1, 1, 30, 4) + bytes([198, 51, 100, 130]))


def test_a_missing_name_is_said_to_be_missing_and_nonsense_is_refused() -> None:
    missing = respond(question("no.example.test"), ZONES) or b""
    assert missing[3] & 0xF == NO_SUCH_NAME
    text = respond(question("example.test", "TXT"), ZONES) or b""
    assert text.endswith(b"\x0bv=spf1 -all")
    assert respond(b"short", ZONES) is None
    assert respond(missing, ZONES) is None  # an answer is no question
    assert (respond(HEADER.pack(1, 0, 1, 0, 0, 0) + b"\x09short", ZONES) or b"")[3] & 0xF == 1


def test_ssh_finds_names_with_an_address_and_checks_keys_by_name() -> None:
    text = config(ZONES)
    entry = "Host swarm.example.test\n    HostName 198.51.100.130\n    HostKeyAlias swarm.example.test\n"
    assert entry in text and "ControlMaster no" in text
    assert "*" not in text and "db.example.test" not in text
    assert "*.admin.example.test" in list(names(ZONES))
