"""Who gets in on a node: keys and accounts that are not declared, at ``ready``, at a deploy, and by the real script."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ops.errors import OpsError, WrongUse
from ops.nodes import access, readiness
from ops.nodes.readiness import NodeStatus
from ops.ssh import Done
from tests.unit.ops_boundaries import Boundaries
from tests.unit.ops_nodes import NODES, SETTINGS, target
from tests.unit.ops_ssh import UNREACHED, FakeSsh, gets_in, said

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGcTsYKfHoT1Y4PYQ5fM2qCKDOOcGRzNFZ4tnuZWpJiK"
FORMER = KEY[:-4] + "AAAA former"


def test_what_is_declared_is_no_difference() -> None:
    told = gets_in(f"# operators\n\n{KEY} laptop\n")
    assert access.access_of(FakeSsh(told), [f"{KEY} ci"]) == access.Access()


def test_the_key_of_a_former_operator_is_named_by_its_fingerprint() -> None:
    found = access.access_of(FakeSsh(gets_in(f"{KEY}\n{FORMER}\n")), [KEY])
    (key,) = found.keys
    assert key.startswith("lets in a key that is not declared: SHA256:") and key.endswith("(former)")
    assert found.rights == ()


def test_accounts_that_are_roots_equal_are_named() -> None:
    told = gets_in(
        KEY,
        docker="deploy,join,mallory",
        sudo="eve",
        accounts=("toor:x:0:0::/:/bin/sh", "ivan:x:1001:999::/:/bin/sh", "judy:x:1002:27::/:/bin/sh"),
    )
    assert access.access_of(FakeSsh(told), [KEY]).rights == (
        "user ivan is in the group docker, which makes it root's equal",
        "user mallory is in the group docker, which makes it root's equal",
        "user eve is in the group sudo, which makes it root's equal",
        "user judy is in the group sudo, which makes it root's equal",
        "user toor has the number of root, 0",
    )


@pytest.mark.parametrize(
    ("answer", "problem"), [(UNREACHED, "Connection refused"), (said("deploy\n"), "its answer is incomplete")]
)
def test_a_node_that_does_not_tell_is_an_error(answer: Done, problem: str) -> None:
    with pytest.raises(OpsError, match=problem):
        access.access_of(FakeSsh(answer), [KEY])


def test_the_script_reads_what_a_machine_has(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "authorized_keys").write_text(f"{KEY}\n")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "getent").write_text(
        "#!/bin/sh\n"
        'case "$*" in "group docker sudo") echo "docker:x:999:deploy,join,mallory" ;; passwd) cat /etc/passwd ;; esac\n'
    )
    (tools / "getent").chmod(0o755)

    class Here(FakeSsh):
        def run(self, *command: str, stdin: str = "", timeout: float = 30.0) -> Done:
            path = f"{tools}:{os.environ['PATH']}"
            done = subprocess.run(
                command,
                env={"HOME": str(tmp_path), "PATH": path},
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
            return said(done.stdout, done.returncode, done.stderr)

    found = access.access_of(Here(), [KEY])
    assert found.keys == ()
    assert "user mallory is in the group docker, which makes it root's equal" in found.rights


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_ssh_key_rehearsal", KEY)


def test_a_node_with_a_former_key_is_not_ready(key: None, boundaries: Boundaries) -> None:
    boundaries.nodes.access = [gets_in(f"{KEY}\n{FORMER}\n")]
    keys = readiness.keys_to_compare(target())
    assert keys == [KEY]
    found = readiness.node_statuses(target(), keys=keys)
    assert not any(each.ready for each in found)
    assert "lets in a key that is not declared" in str(found[0])


def test_a_node_that_is_not_ready_by_itself_is_not_asked_who_gets_in(
    key: None, boundaries: Boundaries
) -> None:
    boundaries.nodes.statuses = {node.dns_name: [UNREACHED] for node in NODES.values()}
    found = readiness.node_statuses(target(), keys=[KEY])
    assert not any(each.reached for each in found)
    assert boundaries.nodes.asked == []


def wait(wait_s: float = 60, *, writes_keys: bool = True) -> list[NodeStatus]:
    one = [NODES["app"]]
    return readiness.require_ready(
        target(), wait_s=wait_s, tell=lambda f, s: None, nodes=one, writes_keys=writes_keys
    )


def test_a_deploy_writes_the_keys_once_and_goes_on(
    key: None, boundaries: Boundaries, capsys: pytest.CaptureFixture[str]
) -> None:
    boundaries.nodes.access = [gets_in(f"{KEY}\n{FORMER}\n"), gets_in(f"{KEY}\n")]
    boundaries.nodes.writes = [said("written\n"), said("")]
    assert [each.ready for each in wait()] == [True]
    assert [stdin for _, _, stdin in boundaries.nodes.asked if stdin] == [f"{KEY}\n"]
    assert "rehearsal-4-app-1: the keys of the operators written" in capsys.readouterr().err


def test_without_the_plan_of_the_cloud_no_key_is_written(key: None, boundaries: Boundaries) -> None:
    boundaries.nodes.access = [gets_in(f"{KEY}\n{FORMER}\n")]
    with pytest.raises(OpsError, match="lets in a key that is not declared") as caught:
        wait(writes_keys=False)
    assert f"python -m ops keys --env {SETTINGS.name}" in str(caught.value)
    assert boundaries.nodes.asked == [] and boundaries.clock.pauses == []


def test_a_key_that_comes_back_ends_a_deploy(key: None, boundaries: Boundaries) -> None:
    boundaries.nodes.access = [gets_in(f"{KEY}\n{FORMER}\n")]
    boundaries.nodes.writes = [said("written\n"), said("")]
    with pytest.raises(OpsError, match="not ready after 10 s"):
        wait(10)


def test_keys_that_lock_this_machine_out_end_a_deploy_at_the_first_node(
    key: None, boundaries: Boundaries
) -> None:
    boundaries.nodes.access = [gets_in(FORMER)]
    boundaries.nodes.writes = [said("written\n"), UNREACHED]
    with pytest.raises(OpsError, match="rehearsal-4-app-1: this machine cannot sign in with the new keys"):
        readiness.require_ready(target(), wait_s=60, tell=lambda f, s: None, writes_keys=True)
    assert len([stdin for _, _, stdin in boundaries.nodes.asked if stdin]) == 1
    assert boundaries.clock.pauses == []


def test_a_node_that_was_not_reached_is_tried_again(key: None, boundaries: Boundaries) -> None:
    former = gets_in(f"{KEY}\n{FORMER}\n")
    boundaries.nodes.access = [former, former, gets_in(f"{KEY}\n")]
    boundaries.nodes.writes = [UNREACHED, said("written\n"), said("")]
    assert [each.ready for each in wait()] == [True]


def test_an_account_that_nobody_declared_ends_a_deploy_at_once(boundaries: Boundaries) -> None:
    """Also where the supplied key is not known here."""
    boundaries.nodes.access = [gets_in(docker="deploy,join,mallory")]
    with pytest.raises(OpsError, match="user mallory is in the group docker") as caught:
        wait()
    assert "find out who made the account" in str(caught.value)
    assert boundaries.clock.pauses == []


def test_without_the_supplied_key_nothing_is_compared_and_that_is_said(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TF_VAR_ssh_key_rehearsal", raising=False)
    found = readiness.require_ready(target(), wait_s=0, tell=lambda f, s: None)
    assert all(each.ready for each in found)
    assert "warning: the keys on the nodes are not compared" in capsys.readouterr().err
    with pytest.raises(WrongUse):
        access.declared_keys(SETTINGS, {})


def test_a_node_that_answers_one_question_only_is_not_ready(key: None, boundaries: Boundaries) -> None:
    boundaries.nodes.access = [UNREACHED]
    found = readiness.node_statuses(target(), [NODES["app"]], keys=[KEY])
    assert found == [
        NodeStatus(
            node="rehearsal-4-app-1",
            ready=False,
            missing=("does not say who gets in: ssh: connect to host swarm port 22: Connection refused",),
        )
    ]
