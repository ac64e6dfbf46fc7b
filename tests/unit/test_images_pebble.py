"""DNS for the ACME authority of tests, without a container."""

from __future__ import annotations


def test_dns_for_the_acme_authority_answers_every_name() -> None:
    from images.recipes.pebble.authority import answer

    query = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + b"\4core\x09localhost\0" + b"\0\1\0\1"
    reply = answer(query, bytes([10, 0, 0, 5]))
    assert reply[:2] == b"\x12\x34" and reply[3] & 15 == 0
    assert reply.endswith(b"\0\4" + bytes([10, 0, 0, 5]))
    assert answer(query.replace(b"\0\1\0\1", b"\0\x1c\0\1"), bytes(4))[6:8] == b"\0\0", "no IPv6 address"
    assert answer(query, None)[3] & 15 == 2, "SERVFAIL while the host has no address"
