"""The data layer: what collectors may ask the engine."""

from __future__ import annotations

import re

import pytest

from tests.stacks.synthesis import declared, service


def may_get(name: str, path: str) -> bool:
    """As the proxy judges: it puts a caret before the rule and a dollar sign after it."""
    rules = [
        a.removeprefix("-allowGET=")
        for a in service(declared("local"), name).args
        if a.startswith("-allowGET=")
    ]
    return any(re.search(f"^{rule}$", path) for rule in rules)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1.41/info", True),
        ("/containers/json", True),
        ("/v1.51/containers/core.1.abc/logs", True),
        ("/v1.41/services", True),
        ("/v1.41/tasks", True),
        ("/v1.41/secrets", False),
        ("/v1.41/configs", False),
        ("/v1.41/containers/core.1.abc/archive", False),
        ("/v1.41/containers/core.1.abc/json/../../../secrets", False),
        ("/info/anything", False),
        ("/anything/services", False),
        ("/v1.41/swarm/unlockkey", False),
    ],
)
def test_collectors_read_what_they_need_and_no_more(path: str, allowed: bool) -> None:
    assert may_get("collectors-socket-proxy", path) == allowed


def test_nothing_but_reading_is_allowed() -> None:
    words = service(declared("local"), "collectors-socket-proxy").args
    assert {word.split("=")[0] for word in words if re.match(r"-allow[A-Z]", word)} == {
        "-allowGET",
        "-allowHEAD",
    }
