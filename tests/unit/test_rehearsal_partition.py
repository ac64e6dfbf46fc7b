"""The check that cuts a store's node off, without a box."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from layers.cloud.nodes import nodes_of
from layers.loading import load_environment
from rehearsal.suite.checks.partition import PARTITION, Watch, cut_off, holder_of
from rehearsal.suite.outcome import CheckFailed


class Box:
    """Remembers what was run in a droplet, and answers from a list."""

    def __init__(self, *outputs: str, code: int = 0) -> None:
        self.ran: list[tuple[str, ...]] = []
        self._outputs = [*outputs]
        self._code = code

    def exec(self, name: str, *words: str, stdin: str = "", timeout: float = 60) -> Any:
        self.ran.append((name, *words, *([stdin] if stdin else [])))
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


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        (["mnt:[1]\n", "", "mnt:[2]\n"], ""),
        (["mnt:[1]\n", "mnt:[1]\nmnt:[2]\n"], "2 servers had postgres's directory open on data-1 (look 2)"),
        (["", ""], "no postgres was seen on data-1 in 2 looks"),
    ],
)
def test_two_servers_at_once_fail_and_so_does_seeing_none(looks: list[str], found: str) -> None:
    watch = Watch(world(Box(*looks)), "data-1")
    for _ in looks:
        watch.sample()
    if not found:
        watch.judge()
        return
    with pytest.raises(CheckFailed) as caught:
        watch.judge()
    assert str(caught.value) == found


def test_the_node_is_let_back_whatever_happens() -> None:
    box = Box()
    node = holder_of(world(box), "postgres")
    with pytest.raises(RuntimeError), cut_off(world(box), node):
        raise RuntimeError
    (_, *_, rules), last = box.ran
    assert rules.count("10.126.0.0/20 drop") == 2
    assert last == (node.name, "nft", "delete", "table", "inet", "partition")


def test_a_node_that_cannot_be_cut_off_fails_the_check() -> None:
    box = Box(code=1)
    node = holder_of(world(box), "postgres")
    with (
        pytest.raises(CheckFailed, match=f"{node.name} cannot be cut off: no such table"),
        cut_off(world(box), node),
    ):
        pass


@pytest.mark.parametrize(
    ("environment", "why"),
    [("rehearsal", "this rehearsal has one manager"), ("rehearsal-3", ""), ("rehearsal-4", "")],
)
def test_it_needs_a_store_on_a_node_that_can_be_spared(environment: str, why: str) -> None:
    assert PARTITION.applies(world(Box(), environment)) == why
