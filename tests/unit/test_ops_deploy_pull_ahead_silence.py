"""A pull ahead whose engine says nothing ends all the same: when the time is over, and at Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ops.deploy import pull_ahead
from ops.errors import Refused
from ops.registry.login import Logins
from ops.registry.pull import OutOfTime, pull
from ops.swarm.engine import Swarm, connected
from tests.unit.ops_boundaries import Boundaries
from tests.unit.silent_engine import silent_engine
from tests.unit.test_ops_deploy_pull_ahead import NEW, UPDATE, World

PULL = "/images/create"
INSPECT = "/json"
BEGUN = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n{"status": "Waiting"}\n\r\n'


@pytest.fixture(params=[(PULL, b""), (PULL, BEGUN), (INSPECT, b"")], ids=["pull", "begun pull", "question"])
def asked(
    request: Any, boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[tuple[World, threading.Event]]:
    """A world whose manager is silent, and whether it was asked."""
    world = World(boundaries, monkeypatch)
    world.constraints = ["node.role == manager"]
    silent_to, says = request.param
    with silent_engine(tmp_path, name="data", silent_to=silent_to, says=says) as (address, event):

        @contextmanager
        def engines(*_: Any, **__: Any) -> Iterator[list[Swarm]]:
            with connected(address) as swarm:
                yield [swarm]

        monkeypatch.setattr(pull_ahead, "engines", engines)
        yield world, event


def _left(before: set[threading.Thread]) -> list[threading.Thread]:
    """Threads that would keep this process alive after 5 s."""
    deadline = time.monotonic() + 5
    while True:
        left = [each for each in set(threading.enumerate()) - before if not each.daemon]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def test_a_silent_engine_is_given_up(asked: tuple[World, threading.Event]) -> None:
    world, _ = asked
    before = set(threading.enumerate())
    began = time.monotonic()
    with pytest.raises(Refused, match=r"- data: app 1\.3 \(22222222\) cannot be pulled: no progress for 1 s"):
        world.pulls(UPDATE, silent_s=1.0)
    assert time.monotonic() - began < 10
    assert _left(before) == []


def test_ctrl_c_does_not_wait_for_a_silent_engine(asked: tuple[World, threading.Event]) -> None:
    world, event = asked
    before = set(threading.enumerate())
    at: list[float] = []

    def press() -> None:
        event.wait(20)
        at.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        world.pulls(UPDATE, silent_s=300.0)
    assert time.monotonic() - at[0] < 5
    pressing.join()
    assert _left(before) == []


def test_the_time_of_any_pull_is_over_while_its_engine_is_silent(tmp_path: Path) -> None:
    """So a trial boot, too, ends when it says."""
    until = time.monotonic() + 1
    with silent_engine(tmp_path, name="data", silent_to=PULL) as (address, _), connected(address) as swarm:
        with pytest.raises(OutOfTime):
            pull(swarm.api, NEW, Logins({}), is_over=lambda: time.monotonic() > until)
        assert time.monotonic() < until + 5
