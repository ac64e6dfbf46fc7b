"""Readiness: what a node says of itself, and how long a deploy waits for it; without any node."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.cli import app
from ops.errors import OpsError
from ops.nodes import readiness
from ops.nodes.readiness import NodeStatus
from ops.ssh import Done
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_clock import FakeClock
from tests.unit.ops_nodes import NODES, SETTINGS, target
from tests.unit.ops_ssh import READY, UNREACHED, FakeSsh, said


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


@pytest.mark.parametrize(
    ("packages", "reason"),
    [
        ({"docker.io": "20.10.24+dfsg1-1+b3"}, ""),
        ({}, ""),
        ({"docker.io": "26.1.5-1"}, "its engine is docker.io 26.1.5-1, wanted 20.10.*"),
    ],
)
def test_another_engine_than_the_file_says_is_not_ready(packages: dict[str, str], reason: str) -> None:
    """A node of before does not tell its packages."""
    answer = said(json.dumps({"ready": True, "packages": packages}))
    found = readiness.ask(NODES["app"], FakeSsh(answer), engine=readiness.required_engine(SETTINGS))
    assert (found.ready, found.engine) == (not reason, (reason,) if reason else ())


def test_another_engine_ends_a_wait_and_names_the_command(boundaries: Boundaries) -> None:
    other = said(json.dumps({"ready": True, "packages": {"docker.io": "26.1.5-1"}}))
    boundaries.nodes.statuses = {NODES["data"].dns_name: [other]}
    with pytest.raises(OpsError, match="python -m ops upgrade-engine --env rehearsal-4") as caught:
        require_ready()
    assert "rehearsal-4-data-1: its engine is docker.io 26.1.5-1, wanted 20.10.*" in str(caught.value)
    assert boundaries.clock.pauses == []


def test_waiting_ends_when_all_are_ready_or_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock(monkeypatch)
    heard: list[float] = []

    def look() -> list[NodeStatus]:
        return [NodeStatus(node="a", ready=clock.now >= 6), NodeStatus(node="b", ready=True)]

    def wait(seconds: float) -> bool:
        clock.now = 0
        found = readiness.wait_until_ready(look, wait_s=seconds, tell=lambda f, s: heard.append(s))
        return all(each.ready for each in found)

    assert wait(60) and clock.now == 6
    assert heard == [0, 2, 4, 6]
    assert not wait(4) and clock.now == 4
    assert not wait(0) and clock.now == 0


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


def node(pool: str, **told: Any) -> tuple[str, list[Done]]:
    """What a node says of itself: its host and its answer."""
    return NODES[pool].dns_name, [said(json.dumps({"ready": False, "missing": [], **told}), code=1)]


def require_ready(wait_s: float = 900) -> list[NodeStatus]:
    return readiness.require_ready(target(), wait_s=wait_s, tell=lambda f, s: None)


def test_what_no_waiting_mends_ends_the_wait(boundaries: Boundaries) -> None:
    boundaries.nodes.statuses = dict(
        [node("app", missing=["no swarm"], replace=["was built for other settings: x"]), node("data")]
    )
    with pytest.raises(
        OpsError, match=r"2 of 4 nodes are not ready\n  rehearsal-4-app-1: was built"
    ) as caught:
        require_ready()
    assert "python -m ops replace-node --env rehearsal-4 --node rehearsal-4-app-1" in str(caught.value)
    assert boundaries.clock.pauses == []


def test_a_deploy_that_cannot_wait_longer_names_each_node(boundaries: Boundaries) -> None:
    boundaries.nodes.statuses = dict([node("data", missing=["no swarm"])])
    with pytest.raises(
        OpsError, match=r"1 of 4 nodes are not ready after 0 s\n  rehearsal-4-data-1: no swarm"
    ):
        require_ready(wait_s=0)


def test_a_node_that_cannot_be_reached_is_for_who_may_connect(boundaries: Boundaries) -> None:
    boundaries.nodes.statuses[NODES["work"].dns_name] = [UNREACHED]
    with pytest.raises(
        OpsError, match=r"rehearsal-4-work-1: not reached: .*\n  check that this machine may connect"
    ):
        require_ready(wait_s=0)


def test_who_only_looks_does_not_wait_for_settings(boundaries: Boundaries) -> None:
    other = NodeStatus(
        node="rehearsal-4-data-1", ready=False, configure=("has other settings than wanted: x",)
    )
    assert readiness.wait_until_ready(lambda: [other], wait_s=900) == [other]
    assert boundaries.clock.pauses == []


def test_a_deploy_writes_settings_to_nodes_with_others_and_waits(boundaries: Boundaries) -> None:
    host, (other,) = node("data", configure=["has other settings than wanted: x"])
    boundaries.nodes.statuses[host] = [other, other, other, READY]
    boundaries.nodes.writes = [said("", code=1, errors="cannot create node.conf.new"), said("")]
    assert all(each.ready for each in require_ready())
    assert boundaries.clock.now == 6
    # Once, after the first time has failed.
    first, (to, words, text) = boundaries.nodes.asked
    assert first == (to, words, text) and to == host and "/var/lib/sprocket/desired" in words[-1]
    assert text == (
        "LABELS=storage=data\nVOLUMES='minio=rehearsal-4-minio=0:0 postgres=rehearsal-4-postgres=70:70'\n"
    )


def test_settings_that_a_node_does_not_take_over(boundaries: Boundaries) -> None:
    boundaries.nodes.statuses = dict([node("data", configure=["has other settings than wanted: x"])])
    with pytest.raises(OpsError, match=r"not ready after 0 s\n  rehearsal-4-data-1: has other") as caught:
        require_ready(wait_s=0)
    assert "journalctl -u sprocket-volumes" in str(caught.value)


def test_a_node_to_be_replaced_gets_no_settings(boundaries: Boundaries) -> None:
    boundaries.nodes.statuses = dict([node("data", configure=["x"], replace=["another role"])])
    with pytest.raises(OpsError, match="replace-node"):
        require_ready()
    assert boundaries.nodes.asked == []


def write() -> list[NodeStatus]:
    """As ``ready --write --wait 600`` does."""
    return readiness.require_ready(
        target(), wait_s=600, tell=lambda f, s: None, writes_keys=True, but_for_engine=True
    )


def test_whoever_writes_goes_on_until_only_the_engine_is_left(boundaries: Boundaries) -> None:
    """Labels are compared once settings and keys are as declared, so the first look does not see them."""
    engine = {"packages": {"docker.io": "26.1.5-1"}}
    host, (other,) = node("data", configure=["has other settings than wanted: x"], **engine)
    last = said(json.dumps({"ready": True, "missing": [], **engine}))
    boundaries.nodes.statuses[host] = [other, other, last]
    raw = next(each for each in boundaries.swarm.nodes if each["ID"] == "rehearsal-4-data-1")
    raw["Spec"]["Labels"] = {"storage": "other"}
    found = write()
    late = [each for each in found if not each.ready]
    assert [each.node for each in late] == ["rehearsal-4-data-1"] and late[0].is_ready_but_for_engine
    assert boundaries.swarm.nodes and raw["Spec"]["Labels"]["storage"] == "data"


def test_what_is_left_besides_the_engine_is_what_the_error_is_about(boundaries: Boundaries) -> None:
    host, (other,) = node("data", configure=["has x still"], packages={"docker.io": "26.1.5-1"})
    boundaries.nodes.statuses[host] = [other]
    with pytest.raises(OpsError, match="not ready after 600 s") as caught:
        write()
    assert caught.value.fix == "look at the journal of the node: journalctl -u sprocket-volumes"
    boundaries.nodes.statuses = dict([node("app", replace=["x"], packages={"docker.io": "26.1.5-1"})])
    with pytest.raises(OpsError, match="replace-node"):
        write()


def test_the_command_that_writes_says_that_the_engines_are_next(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = said(json.dumps({"ready": True, "packages": {"docker.io": "26.1.5-1"}}))
    boundaries.nodes.statuses = {NODES["data"].dns_name: [other]}
    monkeypatch.setattr("ops.terraform.target.targets_of", lambda environment: targets_of(SETTINGS))
    monkeypatch.setattr("sys.argv", ["ops", "ready", "--env", "rehearsal-4", "--write", "--wait", "600"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    told = capsys.readouterr()
    assert ended.value.code == 1 and "its engine is docker.io 26.1.5-1, wanted 20.10.*" in told.out
    next_ = "next, upgrade the engines: python -m ops upgrade-engine --env rehearsal-4"
    assert f"all else is as declared; {next_}" in " ".join(told.err.split())
    assert boundaries.clock.pauses == []
