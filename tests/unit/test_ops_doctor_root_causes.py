"""Which findings hide those of their clients: only those after which nobody reaches the server."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from ops.doctor.finding import STOPS, Finding, Kind, Running, Stopping, root_causes

CLIENT = Finding(
    kind="crash", about="service web", cause="", next="", follows=("service redis", "node prod-app-1")
)

HIDING: set[Kind] = {
    *("missing", "scaled-down", "no-task", "starting", "crash", "ends", "out-of-memory", "disk-full"),
    *("unhealthy", "image-missing", "folder-missing", "port-taken", "network-missing", "command-missing"),
    *("no-node", "no-memory", "node-lost"),
}
"""About a service: none of its tasks runs, or they keep ending."""
OF_NODES: set[Kind] = {"node-down", "node-drained"}
TOLD_BESIDE: set[Kind] = {
    *("update-failed", "other-version", "unresolved-name", "unreachable", "dependency"),
    *("certificate", "queue-backlog", "backup", "clock", "lock-held", "node-missing"),
}
"""The server runs, or nothing follows from what they are about."""
ALONE: set[Kind] = {"not-deployed", "no-engine", "no-swarm", "no-quorum", "host-key", "no-access"}
"""Nothing else is asked then."""


def behind(kind: Kind, about: str = "service redis", *, answers: bool = False) -> list[Finding]:
    server = Finding(kind=kind, about=about, cause="", next="", answers=answers)
    return root_causes([CLIENT, server])


@pytest.mark.parametrize("kind", sorted(HIDING))
def test_a_server_that_nobody_reaches_explains_its_clients(kind: Kind) -> None:
    (told,) = behind(kind)
    assert (told.kind, told.explains) == (kind, ("service web",))


@pytest.mark.parametrize("kind", sorted(OF_NODES))
def test_a_node_without_tasks_explains_what_waits_for_it(kind: Kind) -> None:
    (told,) = behind(kind, "node prod-app-1")
    assert (told.kind, told.explains) == (kind, ("service web",))


@pytest.mark.parametrize("kind", sorted(TOLD_BESIDE))
def test_a_server_that_runs_explains_nothing(kind: Kind) -> None:
    told = behind(kind)
    assert {(each.about, each.explains) for each in told} == {("service web", ()), ("service redis", ())}


@pytest.mark.parametrize("kind", sorted(HIDING))
def test_a_server_of_which_a_task_runs_explains_nothing(kind: Kind) -> None:
    assert {each.about for each in behind(kind, answers=True)} == {"service web", "service redis"}


def test_every_kind_is_decided() -> None:
    """mypy refuses a finding of any other kind."""
    kinds = {*get_args(Stopping), *get_args(Running)}
    assert kinds == HIDING | OF_NODES | TOLD_BESIDE | ALONE
    assert STOPS == HIDING | OF_NODES


def test_what_only_stands_beside_a_cause_does_not_explain_in_its_place() -> None:
    """The server follows from a further one, and runs another image besides: only the further one explains."""
    down = Finding(kind="crash", about="service db", cause="", next="")
    server = Finding(kind="crash", about="service redis", cause="", next="", follows=("service db",))
    other = Finding(kind="other-version", about="service redis", cause="", next="")
    client = replace(CLIENT, follows=("service redis", "service db"))
    told = root_causes([client, server, other, down])
    assert [(each.kind, each.explains) for each in told] == [
        ("crash", ("service web", "service redis")),
        ("other-version", ()),
    ]
