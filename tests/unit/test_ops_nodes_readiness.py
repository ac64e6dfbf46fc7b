"""Readiness: what a node says of itself, and how long a deploy waits for it; without any node."""

from __future__ import annotations

from typing import Any

import pytest

from ops.errors import OpsError
from ops.nodes import node_settings, readiness
from ops.nodes.readiness import NodeStatus
from tests.unit.ops_cloud import UNREACHED, FakeSsh, said
from tests.unit.ops_nodes import NODES, SETTINGS, target


@pytest.mark.parametrize(
    ("answer", "standing"),
    [
        (
            said('{"node": "n", "ready": true, "missing": []}\n'),
            NodeStatus(node="rehearsal-4-app-1", ready=True),
        ),
        (
            said(
                '{"node": "n", "ready": false, "missing": ["volume redis: not mounted", "no swarm"]}', code=1
            ),
            NodeStatus(
                node="rehearsal-4-app-1", ready=False, missing=("volume redis: not mounted", "no swarm")
            ),
        ),
        (
            said('{"node": "n", "ready": false, "missing": [], "replace": ["was built for y"]}', code=1),
            NodeStatus(node="rehearsal-4-app-1", ready=False, replace=("was built for y",)),
        ),
        (
            said('{"node": "n", "ready": false, "missing": [], "configure": ["has x still"]}', code=1),
            NodeStatus(node="rehearsal-4-app-1", ready=False, configure=("has x still",)),
        ),
        (
            # What it prints and how it ends must agree.
            said('{"node": "n", "ready": true, "missing": []}', code=1),
            NodeStatus(node="rehearsal-4-app-1", ready=False),
        ),
        (
            said("", code=127, errors="sh: sprocket-ready: not found"),
            NodeStatus(
                node="rehearsal-4-app-1",
                ready=False,
                missing=("has no status yet: sh: sprocket-ready: not found",),
            ),
        ),
        (
            UNREACHED,
            NodeStatus(
                node="rehearsal-4-app-1",
                ready=False,
                missing=("not reached: ssh: connect to host swarm port 22: Connection refused",),
                reached=False,
            ),
        ),
    ],
)
def test_how_a_node_stands(answer: Any, standing: NodeStatus) -> None:
    assert readiness.ask(NODES["app"], FakeSsh(answer)) == standing


def test_waiting_ends_when_all_are_ready_or_the_time_is_over() -> None:
    now = [0.0]
    heard: list[float] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def look() -> list[NodeStatus]:
        return [NodeStatus(node="a", ready=now[0] >= 6), NodeStatus(node="b", ready=True)]

    def wait(seconds: float) -> bool:
        now[0] = 0
        found = readiness.wait_until_ready(
            look, wait_s=seconds, tell=lambda f, s: heard.append(s), clock=lambda: now[0], sleep=sleep
        )
        return all(each.ready for each in found)

    assert wait(60) and now[0] == 6
    assert heard == [0, 2, 4, 6]
    assert not wait(4) and now[0] == 4
    assert not wait(0) and now[0] == 0


def test_a_node_is_told_what_is_wanted_of_it() -> None:
    ssh = FakeSsh(said('{"node": "n", "ready": true, "missing": []}'))
    readiness.ask(NODES["data"], ssh, readiness.required_settings(SETTINGS, NODES["data"]))
    ((command, _),) = ssh.__dict__["asked"]
    assert command == (
        *readiness.COMMAND,
        *("--role", "manager", "--labels", "storage=data"),
        *("--volumes", "minio=rehearsal-4-minio postgres=rehearsal-4-postgres", "--mesh", "no"),
    )
    assert readiness.required_settings(SETTINGS, NODES["work"])[3:6] == ("", "--volumes", "")


def test_what_no_waiting_mends_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    old = "rehearsal-4-app-1"
    found = [
        NodeStatus(
            node=old, ready=False, missing=("no swarm",), replace=("was built for other settings: x",)
        ),
        NodeStatus(node="b", ready=False, missing=("no swarm",)),
    ]
    assert (
        readiness.wait_until_ready(lambda: found, wait_s=900, sleep=lambda s: pytest.fail("waited")) == found
    )
    monkeypatch.setattr(readiness, "node_statuses", lambda target, nodes: found)
    with pytest.raises(
        OpsError, match=r"2 of 2 nodes are not ready\n  rehearsal-4-app-1: was built"
    ) as caught:
        readiness.require_ready(target(), wait_s=900, tell=lambda f, s: None)
    assert f"python -m ops replace-node --env rehearsal-4 --node {old}" in str(caught.value)


def test_a_deploy_that_cannot_wait_longer_names_each_node(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [NodeStatus(node="a", ready=True), NodeStatus(node="b", ready=False, missing=("no swarm",))]
    monkeypatch.setattr(readiness, "node_statuses", lambda target, nodes: found)
    with pytest.raises(OpsError, match=r"1 of 2 nodes are not ready after 0 s\n  b: no swarm"):
        readiness.require_ready(target(), wait_s=0, tell=lambda f, s: None)


OTHER = NodeStatus(node="rehearsal-4-data-1", ready=False, configure=("has other settings than wanted: x",))


def test_who_only_looks_does_not_wait_for_settings() -> None:
    assert readiness.wait_until_ready(lambda: [OTHER], wait_s=900, sleep=lambda s: pytest.fail("waited")) == [
        OTHER
    ]


def test_a_deploy_writes_settings_to_nodes_with_others_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = FakeSsh(said("", code=1, errors="cannot create node.conf.new"), said(""))
    answers = [OTHER, OTHER, OTHER, NodeStatus(node=OTHER.node, ready=True)]
    monkeypatch.setattr(node_settings, "ssh_to", lambda target, node: ssh)
    monkeypatch.setattr(readiness, "node_statuses", lambda target, nodes: [answers.pop(0)])
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert readiness.require_ready(target(), wait_s=900, tell=lambda f, s: None)[0].ready
    # Once, after the first time has failed.
    (_, first), (words, text) = ssh.__dict__["asked"]
    assert first == text and "/var/lib/sprocket/desired" in words[-1]
    assert text == (
        "LABELS=storage=data\nVOLUMES='minio=rehearsal-4-minio=0:0 postgres=rehearsal-4-postgres=70:70'\n"
    )


def test_settings_that_a_node_does_not_take_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_settings, "ssh_to", lambda target, node: FakeSsh(said("")))
    monkeypatch.setattr(readiness, "node_statuses", lambda target, nodes: [OTHER])
    with pytest.raises(OpsError, match=r"not ready after 0 s\n  rehearsal-4-data-1: has other") as caught:
        readiness.require_ready(target(), wait_s=0, tell=lambda f, s: None)
    assert "journalctl -u sprocket-volumes" in str(caught.value)


def test_a_node_to_be_replaced_gets_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    old = NodeStatus(node=OTHER.node, ready=False, configure=("x",), replace=("another role",))
    monkeypatch.setattr(node_settings, "ssh_to", lambda target, node: pytest.fail("was written to"))
    monkeypatch.setattr(readiness, "node_statuses", lambda target, nodes: [old])
    with pytest.raises(OpsError, match="replace-node"):
        readiness.require_ready(target(), wait_s=900, tell=lambda f, s: None)
