"""Readiness, host keys, operators' keys, and what stands in the way of a rebuild; without any node."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from layers.cloud.nodes import nodes_of
from layers.loading import load_environment
from ops import keys, known_hosts, ready
from ops.errors import OpsError, Refused, WrongUse
from ops.members import Member
from ops.nodes import node_named, ssh_to
from ops.ready import Standing
from ops.replace_node import obstacles
from ops.ssh import Ssh
from ops.target import Target
from tests.unit.ops_cloud import UNREACHED, FakeSsh, cloud, said

SETTINGS = load_environment("rehearsal-4")
NODES = {node.pool: node for node in nodes_of(SETTINGS)}


def target(tmp_path: Path = Path("/nowhere")) -> Target:
    return Target(settings=SETTINGS, stack=SETTINGS.cloud_stack, document=cloud(), folder=tmp_path)


@pytest.mark.parametrize(
    ("answer", "standing"),
    [
        (
            said('{"node": "n", "ready": true, "missing": []}\n'),
            Standing(node="rehearsal-4-app-1", ready=True),
        ),
        (
            said(
                '{"node": "n", "ready": false, "missing": ["volume redis: not mounted", "no swarm"]}', code=1
            ),
            Standing(
                node="rehearsal-4-app-1", ready=False, missing=("volume redis: not mounted", "no swarm")
            ),
        ),
        (
            said('{"node": "n", "ready": false, "missing": [], "replace": ["was built for y"]}', code=1),
            Standing(node="rehearsal-4-app-1", ready=False, replace=("was built for y",)),
        ),
        (
            # What it prints and how it ends must agree.
            said('{"node": "n", "ready": true, "missing": []}', code=1),
            Standing(node="rehearsal-4-app-1", ready=False),
        ),
        (
            said("", code=127, errors="sh: sprocket-ready: not found"),
            Standing(
                node="rehearsal-4-app-1",
                ready=False,
                missing=("cannot say yet: sh: sprocket-ready: not found",),
            ),
        ),
        (
            UNREACHED,
            Standing(
                node="rehearsal-4-app-1",
                ready=False,
                missing=("not reached: ssh: connect to host swarm port 22: Connection refused",),
                reached=False,
            ),
        ),
    ],
)
def test_how_a_node_stands(answer: Any, standing: Standing) -> None:
    assert ready.ask(NODES["app"], FakeSsh(answer)) == standing


def test_waiting_ends_when_all_are_ready_or_the_time_is_over() -> None:
    now = [0.0]
    heard: list[float] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def look() -> list[Standing]:
        return [Standing(node="a", ready=now[0] >= 6), Standing(node="b", ready=True)]

    def wait(seconds: float) -> bool:
        now[0] = 0
        found = ready.wait_until_ready(
            look, wait_s=seconds, tell=lambda f, s: heard.append(s), clock=lambda: now[0], sleep=sleep
        )
        return all(each.ready for each in found)

    assert wait(60) and now[0] == 6
    assert heard == [0, 2, 4, 6]
    assert not wait(4) and now[0] == 4
    assert not wait(0) and now[0] == 0


def test_a_node_is_told_what_is_wanted_of_it() -> None:
    ssh = FakeSsh(said('{"node": "n", "ready": true, "missing": []}'))
    ready.ask(NODES["data"], ssh, ready.wanted_of(SETTINGS, NODES["data"]))
    ((command, _),) = ssh.__dict__["asked"]
    assert command == (
        *ready.COMMAND,
        *("--role", "manager", "--labels", "storage=data"),
        *("--volumes", "minio=rehearsal-4-minio postgres=rehearsal-4-postgres", "--mesh", "no"),
    )
    assert ready.wanted_of(SETTINGS, NODES["work"])[3:6] == ("", "--volumes", "")


def test_what_no_waiting_mends_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    old = "rehearsal-4-app-1"
    found = [
        Standing(node=old, ready=False, missing=("no swarm",), replace=("was built for other settings: x",)),
        Standing(node="b", ready=False, missing=("no swarm",)),
    ]
    assert ready.wait_until_ready(lambda: found, wait_s=900, sleep=lambda s: pytest.fail("waited")) == found
    monkeypatch.setattr(ready, "standings", lambda target, nodes: found)
    with pytest.raises(
        OpsError, match=r"2 of 2 nodes are not ready\n  rehearsal-4-app-1: was built"
    ) as caught:
        ready.required(target(), wait_s=900, tell=lambda f, s: None)
    assert f"python -m ops replace-node --env rehearsal-4 --node {old}" in str(caught.value)


def test_a_deploy_that_cannot_wait_longer_names_each_node(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Standing(node="a", ready=True), Standing(node="b", ready=False, missing=("no swarm",))]
    monkeypatch.setattr(ready, "standings", lambda target, nodes: found)
    with pytest.raises(OpsError, match=r"1 of 2 nodes are not ready after 0 s\n  b: no swarm"):
        ready.required(target(), wait_s=0, tell=lambda f, s: None)


@pytest.mark.parametrize(
    ("pool", "alias"),
    [("data", "swarm.sprocket.rehearsal.test"), ("work", "workers.sprocket.rehearsal.test")],
)
def test_every_node_is_checked_by_the_pinned_key_of_its_role(pool: str, alias: str) -> None:
    way = ssh_to(target(), NODES[pool])
    hop = next(word for word in way.words if word.startswith("ProxyCommand="))
    own = [word for word in way.words if word != hop]
    for words in (hop, " ".join(own)):
        assert "StrictHostKeyChecking=yes" in words and "known_hosts/rehearsal-4" in words
        assert "StrictHostKeyChecking=no" not in words
    assert hop.endswith("-W %h:%p deploy@swarm.sprocket.rehearsal.test") and "HostKeyAlias" not in hop
    assert f"HostKeyAlias={alias}" in own
    assert way.destination == f"deploy@{pool}-1.nodes.sprocket.rehearsal.test"


def test_a_node_that_does_not_exist() -> None:
    assert node_named(SETTINGS, "rehearsal-4-work-1").role == "worker"
    with pytest.raises(WrongUse, match=r"has no node 'prod-app-1'\n  there are: rehearsal-4-app-1, "):
        node_named(SETTINGS, "prod-app-1")


class Outputs:
    """A Terraform that knows outputs."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def outputs(self) -> dict[str, Any]:
        return self.values


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the deployed key and gives the file that it is written to."""
    file = tmp_path / "known_hosts" / "prod"
    monkeypatch.setattr(known_hosts, "file_of", lambda target: file)

    def deployed(**values: Any) -> Path:
        monkeypatch.setattr(Target, "terraform", property(lambda self: Outputs(**values)))
        return file

    return deployed


def test_a_host_key_is_written_once(host: Any) -> None:
    file = host(host_key="ssh-ed25519 AAAAone comment\n", worker_host_key="ssh-ed25519 AAAAw")
    assert known_hosts.take_over(target()).fate is known_hosts.Fate.WRITTEN
    assert file.read_text() == (
        "swarm.sprocket.rehearsal.test ssh-ed25519 AAAAone\n"
        "workers.sprocket.rehearsal.test ssh-ed25519 AAAAw\n"
    )
    assert known_hosts.take_over(target()).fate is known_hosts.Fate.SAME


def test_another_host_key_must_be_accepted(host: Any) -> None:
    file = host(host_key="ssh-ed25519 AAAAone", worker_host_key="ssh-ed25519 AAAAw")
    known_hosts.take_over(target())
    host(host_key="ssh-ed25519 AAAAtwo", worker_host_key="ssh-ed25519 AAAAw")
    with pytest.raises(Refused, match="have changed; nothing was written") as caught:
        known_hosts.take_over(target())
    assert (
        "AAAAone" in str(caught.value) and "AAAAtwo" in str(caught.value) and "--accept" in str(caught.value)
    )
    assert "AAAAone" in file.read_text()
    assert known_hosts.take_over(target(), accept=True).fate is known_hosts.Fate.CHANGED
    assert "AAAAtwo" in file.read_text()
    host(host_key="ssh-ed25519 AAAAtwo", worker_host_key="ssh-ed25519 AAAAx")
    with pytest.raises(Refused, match="AAAAw"):
        known_hosts.take_over(target())


def test_a_host_key_of_a_name_that_was_not_known_is_no_change(host: Any) -> None:
    file = host(host_key="ssh-ed25519 AAAAone", worker_host_key="ssh-ed25519 AAAAw")
    file.parent.mkdir()
    file.write_text("swarm.sprocket.rehearsal.test ssh-ed25519 AAAAone\n")
    assert known_hosts.take_over(target()).fate is known_hosts.Fate.WRITTEN
    assert "workers.sprocket.rehearsal.test ssh-ed25519 AAAAw" in file.read_text()


def test_without_a_deployed_cloud_there_is_no_host_key(host: Any) -> None:
    host()
    with pytest.raises(OpsError, match="has no output host_key: it is not deployed yet"):
        known_hosts.take_over(target())
    host(host_key="ssh-ed25519 AAAAone")
    with pytest.raises(OpsError, match="has no output worker_host_key"):
        known_hosts.take_over(target())


def test_operators_keys_are_confirmed_over_a_new_connection() -> None:
    text = keys.text_of({"zoe": "ssh-ed25519 AAAAz z@laptop", "ada": "ssh-ed25519 AAAAa"})
    assert text == "ssh-ed25519 AAAAa\nssh-ed25519 AAAAz z@laptop\n"
    ssh = FakeSsh(said("written\n"), said(""))
    assert keys.write("n", ssh, text).what == "written"
    (first, stdin), (second, _) = ssh.__dict__["asked"]
    assert stdin == text and "authorized_keys.before" in first[2] and "rm -f" in second[2]
    assert first[4] == second[4] and len(first[4]) == 16


def test_keys_that_lock_this_machine_out_go_back_by_themselves() -> None:
    result = keys.write("n", FakeSsh(said("written\n"), UNREACHED), "ssh-ed25519 AAAA x\n")
    assert result.problem == "the new keys do not let this machine in; it takes the old ones back within 60 s"
    assert keys.write("n", FakeSsh(said("same\n")), "x").what == "has them already"
    assert keys.write("n", FakeSsh(UNREACHED), "x").problem.startswith("not written: ")
    with pytest.raises(WrongUse, match="lock everybody out"):
        keys.text_of({})


def test_a_supplied_key_is_the_one_that_terraform_is_given() -> None:
    have = {"TF_VAR_ssh_key_the_ci": "ssh-ed25519 AAAAc ci"}
    assert keys.text_of({"the-ci": "supplied"}, have) == "ssh-ed25519 AAAAc ci\n"
    with pytest.raises(WrongUse, match="TF_VAR_ssh_key_the_ci is not set"):
        keys.text_of({"the-ci": "supplied"}, {})


@pytest.fixture
def home(tmp_path: Path) -> Any:
    """Runs the real scripts, in a home of their own; the undo comes after two seconds."""

    def run(script: str, token: str, text: str = "") -> str:
        done = subprocess.run(
            ["sh", "-c", script.replace(f"sleep {keys.UNDO_S}", "sleep 2"), "sh", token], input=text,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "authorized_keys").write_text("old\n")
    return run


def test_the_script_that_writes_keys_puts_them_back(home: Any, tmp_path: Path) -> None:
    file = tmp_path / ".ssh" / "authorized_keys"
    assert home(keys._WRITE, "a", "new\n") == "written"
    assert file.read_text() == "new\n" and file.stat().st_mode & 0o777 == 0o600
    time.sleep(2.6)
    assert file.read_text() == "old\n"
    assert home(keys._WRITE, "b", "new\n") == "written"
    home(keys._CONFIRM, "b")
    time.sleep(2.6)
    assert file.read_text() == "new\n"
    assert home(keys._WRITE, "c", "new\n") == "same"
    assert [each.name for each in file.parent.iterdir()] == ["authorized_keys"]


def test_an_older_write_does_not_undo_a_newer_one(home: Any, tmp_path: Path) -> None:
    file = tmp_path / ".ssh" / "authorized_keys"
    home(keys._WRITE, "a", "one\n")
    time.sleep(1)
    assert home(keys._WRITE, "b", "two\n") == "written"
    home(keys._CONFIRM, "b")
    time.sleep(1.6)
    assert file.read_text() == "two\n"


def test_what_nobody_confirmed_is_nothing_to_go_back_to(home: Any, tmp_path: Path) -> None:
    file = tmp_path / ".ssh" / "authorized_keys"
    home(keys._WRITE, "a", "one\n")
    home(keys._WRITE, "b", "two\n")
    time.sleep(2.6)
    assert file.read_text() == "old\n"


def test_who_gets_in_with_the_keys_that_are_there_has_confirmed_them(home: Any, tmp_path: Path) -> None:
    file = tmp_path / ".ssh" / "authorized_keys"
    home(keys._WRITE, "a", "new\n")
    assert home(keys._WRITE, "b", "new\n") == "same"
    time.sleep(2.6)
    assert file.read_text() == "new\n"


def manager(name: str, reachability: str = "reachable") -> Member:
    return Member(
        id=name, name=name, role="manager", state="ready", availability="active", reachability=reachability
    )


def test_the_quorum_is_kept() -> None:
    app, data, watch = (manager(NODES[pool].name) for pool in ("app", "data", "watch"))
    worker = Member(id="w", name=NODES["work"].name, role="worker", state="ready", availability="active")

    def blocked(pool: str, *members: Member, ends: bool = False) -> list[str]:
        return [each.what for each in obstacles(NODES[pool], list(members), ends_swarm=ends)]

    dead = manager(NODES["data"].name, "unreachable")
    assert blocked("app", app, data, watch, worker) == []
    assert blocked("data", app, dead, watch) == []
    (told,) = blocked("app", app, dead, watch)
    assert "has 1 of 2 managers and no quorum (rehearsal-4-data-1 do not answer)" in told
    assert blocked("work", app, dead, watch, worker) == []
    (told,) = blocked("app", app)
    assert "is the only manager" in told
    assert blocked("app", app, ends=True) == []


def test_what_is_not_reached_by_ssh_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\necho 'Host key verification failed.' >&2\nexit 255\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    done = Ssh(destination="deploy@x").run("true")
    assert not done.reached and done.reason == "Host key verification failed."
    program.write_text("#!/bin/sh\nsleep 5\n")
    assert Ssh(destination="deploy@x").run("true", timeout=0.3).reason == "no answer within 0.3 s"
    program.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "ssh is not installed" in Ssh(destination="deploy@x").run("true").reason
