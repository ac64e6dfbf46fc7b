"""The check that cuts a store's node off, without a box."""

from __future__ import annotations

import re
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from sprocket_constructs import LockHolder

from layers.cloud.nodes import ClusterNode, nodes_of
from layers.loading import load_environment
from ops.report.programs import Program
from rehearsal.suite.checks.partition import (
    PARTITION,
    Watch,
    cut_off,
    real_stores,
    spared,
)
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.store_servers import STORE_SERVERS, found_on, freeze, refused_on
from tests.stacks.synthesis import declared, service


class Box:
    """Remembers what was run in a droplet, and answers from a list."""

    def __init__(self, *outputs: str, code: int = 0, hangs: bool = False) -> None:
        self.ran: list[tuple[str, ...]] = []
        self._outputs = [*outputs]
        self._code = code
        self._hangs = hangs

    def exec(self, name: str, *words: str, stdin: str = "", timeout: float = 60) -> Any:
        self.ran.append((name, *words, *([stdin] if stdin else [])))
        if self._hangs:
            raise subprocess.TimeoutExpired(words, timeout)
        output = self._outputs.pop(0) if self._outputs else ""
        return subprocess.CompletedProcess(words, self._code, stdout=output, stderr="no such table\n")


def world(box: Box, environment: str = "rehearsal-3") -> Any:
    settings = load_environment(environment)
    nodes = nodes_of(settings)
    return SimpleNamespace(
        box=box,
        nodes=nodes,
        managers=[node for node in nodes if node.role == "manager"],
        services=SimpleNamespace(settings=settings),
        say=lambda text: None,
    )


def node(environment: str = "rehearsal-3") -> ClusterNode:
    found = spared(world(Box(), environment))
    assert found
    return found


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        (["redis mnt:[1]\npostgres mnt:[3]\n", "redis \n", "redis mnt:[2]\n"], ""),
        (
            ["redis mnt:[1]\npostgres mnt:[3]\n", "redis mnt:[1]\nredis mnt:[2]\n"],
            "2 servers had redis's directory open on data-1 (look 2)",
        ),
        (["postgres mnt:[1]\n", "postgres mnt:[1]\n"], "no redis was seen on data-1 in 2 looks"),
    ],
)
def test_two_servers_of_a_store_at_once_fail_and_so_does_seeing_none(looks: list[str], found: str) -> None:
    watch = Watch(world(Box(*looks)), "data-1", ("redis", "postgres"))
    for _ in looks:
        watch.sample()
    if not found:
        watch.judge()
        return
    with pytest.raises(CheckFailed) as caught:
        watch.judge()
    assert str(caught.value) == found


def test_a_look_without_an_answer_says_nothing() -> None:
    assert found_on(world(Box("redis mnt:[1]\n", code=1)), "data-1", ("redis",)) is None
    assert found_on(world(Box(hangs=True)), "data-1", ("redis",)) is None
    assert refused_on(world(Box(hangs=True)), "data-1", ("redis",), since_s=1) == []


def test_one_look_is_for_all_stores_and_tells_a_server_from_a_tool_of_its_own() -> None:
    box = Box()
    found_on(world(box), "data-1", ("redis", "rabbitmq", "influxdb"))
    ((_, *_, script),) = box.ran
    assert "look redis '' -x redis-server\n" in script
    assert "look influxdb /influxd.sqlite -x influxd\n" in script
    (pattern,) = re.findall(r"look rabbitmq '' -f '(.*)'\n", script)
    beam = "/usr/lib/erlang/erts-13.1.5/bin/beam.smp -W w -- -root /usr/lib/erlang -- "
    assert re.search(pattern, beam + "-noshell -noinput -s rabbit boot -boot start_sasl")
    assert not re.search(pattern, beam + "-escript main rabbitmqctl_escript -extra rabbitmq-diagnostics")


def test_all_containers_are_frozen_at_once_and_one_that_is_missing_is_named() -> None:
    box = Box("redis mnt:[1]\npostgres mnt:[3]\n")
    freeze(world(box), "data-1", ("redis", "postgres"))
    assert box.ran[-1][1:3] == ("env", "SPACES=mnt:[1] mnt:[3]")
    with pytest.raises(CheckFailed, match=r"^no postgres runs on data-1 while it is cut off$"):
        freeze(world(Box("redis mnt:[1]\n")), "data-1", ("redis", "postgres"))


def test_only_what_was_said_after_the_return_counts() -> None:
    box = Box("redis\n")
    assert refused_on(world(box), "data-1", ("redis", "influxdb"), since_s=1700) == ["redis"]
    script = box.ran[0][-1]
    assert script.count("docker logs --since 1700 ") == 2
    assert "grep -q 'another server has it' && echo redis\n" in script
    assert "grep -q 'unable to open boltdb: timeout' && echo influxdb\n" in script


@pytest.mark.parametrize("store", STORE_SERVERS)
def test_a_program_that_locks_by_itself_is_told_by_what_it_opens(store: str) -> None:
    """Where a shell waits in the server's place, the program runs only once it has the lock."""
    locks = [mount.lock.holder for mount in service(declared("local"), store).data_mounts if mount.lock]
    assert locks == [LockHolder.PROGRAM if STORE_SERVERS[store].opens else LockHolder.SHELL]


def test_the_node_is_let_back_whatever_happens() -> None:
    box = Box()
    with pytest.raises(RuntimeError), cut_off(world(box), node()):
        raise RuntimeError
    (_, *_, rules), last = box.ran
    assert rules.count("10.126.0.0/20 drop") == 2
    assert last == (node().name, "nft", "delete", "table", "inet", "partition")


def test_a_node_that_cannot_be_cut_off_fails_the_check() -> None:
    with (
        pytest.raises(CheckFailed, match=f"{node().name} cannot be cut off: no such table"),
        cut_off(world(Box(code=1)), node()),
    ):
        pass


@pytest.mark.parametrize(
    ("environment", "why"),
    [("rehearsal", "this rehearsal has one manager"), ("rehearsal-3", ""), ("rehearsal-4", "")],
)
def test_it_needs_stores_on_a_node_that_can_be_spared(environment: str, why: str) -> None:
    assert PARTITION.applies(world(Box(), environment)) == why


def test_three_nodes_have_every_store_that_can_be_watched_on_the_one_that_is_cut_off() -> None:
    assert {*STORE_SERVERS} <= {*node().stores}


def test_stand_ins_are_not_watched() -> None:
    programs = {
        name: Program(name=name, pinned="x", runs="stand-in" if name == "redis" else "real")
        for name in STORE_SERVERS
    }
    found = real_stores(node(), programs)
    assert "redis" not in found
    assert {*found} == {*STORE_SERVERS} - {"redis"}
