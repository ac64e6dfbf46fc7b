"""sprocket-admit, run for real against a fake engine: what another node's key can do on a manager."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.node_scene import Scene

TOKEN = "SWMTKN-1-secret"
DOCKER = """
case "$*" in
    "info --format {{.Swarm.NodeAddr}}") echo 10.124.0.2 ;;
    info*) cat $state/info 2>/dev/null || exit 1 ;;
    "node ls -q") [ ! -e $state/no-quorum ] ;;
    "node ls --format"*) cat $state/nodes; [ ! -e $state/nodes.next ] || mv $state/nodes.next $state/nodes ;;
    *Description.Hostname*) sed -n "s/ ${5} .*//p" $state/nodes | grep . ;;
    *Spec.Role*) cat $state/role ;;
    "node inspect"*) grep -q " $3 " $state/nodes ;;
    "node demote"*) [ ! -e $state/not-in-list ] ;;
    "node rm"*)
        if [ -e $state/not-yet ]; then rm $state/not-yet; exit 1; fi
        sed -i "/ $4 /d" $state/nodes
        ;;
    "swarm join-token"*) echo SWMTKN-1-secret ;;
esac
"""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A manager of a swarm with quorum, in which test-work-1 has joined as `new`, and `old` is its dead predecessor."""
    scene = Scene(tmp_path)
    (scene.state / "info").write_text("active true self\n")
    (scene.state / "nodes").write_text("test-app-1 self Ready\ntest-work-1 old Down\ntest-work-1 new Ready\n")
    (scene.state / "role").write_text("worker\n")
    scene.fake("docker", DOCKER)
    scene.fake("logger")
    scene.fake("sleep")
    return scene


def asked(scene: Scene, words: str, role: str = "worker") -> subprocess.CompletedProcess[str]:
    scene.extra["SSH_ORIGINAL_COMMAND"] = words
    return scene.run("sprocket-admit", role)


@pytest.mark.parametrize(
    ("info", "answer"),
    [
        ("inactive false \n", "none"),
        ("active true self\n", "active self"),
        ("active false self\n", "busy active"),
        ("pending false \n", "busy pending"),
        ("error false self\n", "busy error"),
        ("locked false \n", "busy locked"),
    ],
)
def test_status(scene: Scene, info: str, answer: str) -> None:
    (scene.state / "info").write_text(info)
    assert asked(scene, "status").stdout == f"{answer}\n"


def test_a_manager_without_quorum_never_says_none(scene: Scene) -> None:
    (scene.state / "no-quorum").touch()
    assert asked(scene, "status").stdout == "no-quorum\n"


def test_an_engine_that_is_down_never_says_none(scene: Scene) -> None:
    (scene.state / "info").unlink()
    assert asked(scene, "status").stdout == "unknown\n"


@pytest.mark.parametrize("role", ["worker", "manager"])
def test_the_token_is_the_keys_roles(scene: Scene, role: str) -> None:
    assert asked(scene, "token", role).stdout == f"{TOKEN} 10.124.0.2:2377\n"
    assert f"docker swarm join-token --quiet {role}" in scene.calls


def test_member(scene: Scene) -> None:
    assert asked(scene, "member new").stdout == "yes\n"
    assert asked(scene, "member other").stdout == "no\n"


def test_without_quorum_nobody_is_called_a_stranger(scene: Scene) -> None:
    (scene.state / "no-quorum").touch()
    run = asked(scene, "member other")
    assert (run.returncode, run.stdout) == (1, "unknown\n")


def test_joined_changes_the_token_and_removes_the_predecessor(scene: Scene) -> None:
    run = asked(scene, "joined test-work-1 new")
    assert (run.returncode, run.stdout) == (0, ""), run.stderr
    assert "docker swarm join-token --rotate --quiet worker" in scene.calls
    assert [call for call in scene.calls if "node rm" in call] == ["docker node rm --force old"]


def test_a_dead_manager_is_demoted_first(scene: Scene) -> None:
    (scene.state / "role").write_text("manager\n")
    asked(scene, "joined test-work-1 new", "manager")
    done = [call for call in scene.calls if "demote" in call or "node rm" in call]
    assert done == ["docker node demote old", "docker node rm --force old"]


def test_a_dead_manager_that_no_list_has(scene: Scene) -> None:
    """After `docker swarm init --force-new-cluster` the entry is a manager's, and demoting it is an error."""
    (scene.state / "role").write_text("manager\n")
    (scene.state / "not-in-list").touch()
    assert asked(scene, "joined test-work-1 new", "manager").returncode == 0
    assert "docker node rm --force old" in scene.calls


def test_a_demoted_manager_is_not_let_go_at_once(scene: Scene) -> None:
    (scene.state / "role").write_text("manager\n")
    (scene.state / "not-yet").touch()
    assert asked(scene, "joined test-work-1 new", "manager").returncode == 0
    assert scene.calls.count("docker node rm --force old") == 2


def test_a_workers_key_takes_no_manager_out(scene: Scene) -> None:
    (scene.state / "role").write_text("manager\n")
    assert asked(scene, "joined test-work-1 new").returncode == 0
    assert not [call for call in scene.calls if "demote" in call or "node rm" in call]


def test_the_predecessor_is_waited_for(scene: Scene) -> None:
    dead = (scene.state / "nodes").read_text()
    (scene.state / "nodes").write_text(dead.replace("old Down", "old Ready"))
    scene.fake("sleep", f"printf '%s' '{dead}' >$state/nodes")
    assert asked(scene, "joined test-work-1 new").returncode == 0
    assert "docker node rm --force old" in scene.calls


def test_a_living_namesake_is_left(scene: Scene) -> None:
    (scene.state / "nodes").write_text("test-work-1 old Ready\ntest-work-1 new Ready\n")
    run = asked(scene, "joined test-work-1 new")
    assert run.returncode == 2 and "another node called test-work-1 is" in run.stderr
    assert not [call for call in scene.calls if "node rm" in call]


def test_nobody_removes_another_name(scene: Scene) -> None:
    (scene.state / "nodes").write_text("test-app-1 self Ready\ntest-app-2 dead Down\ntest-work-1 new Ready\n")
    run = asked(scene, "joined test-app-2 new")
    assert run.returncode == 2 and "node new is not a node of this swarm called test-app-2" in run.stderr
    assert not [call for call in scene.calls if "rotate" in call or "node rm" in call]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "sh",
        "status now",
        "token worker",
        "joined a",
        "member",
        "joined $(id) x",
        "joined ../x y",
        "joined a/.* b",
        "status; id",
    ],
)
def test_anything_else_is_refused(scene: Scene, words: str) -> None:
    run = asked(scene, words)
    assert run.returncode == 2 and run.stderr.startswith("refused: ") and run.stdout == ""
    assert not scene.called("docker")


def test_no_token_in_the_log(scene: Scene) -> None:
    for words in ("token", "joined test-work-1 new"):
        run = asked(scene, words)
        assert TOKEN not in run.stderr
    assert scene.called("logger") and not any(TOKEN in call for call in scene.calls)
