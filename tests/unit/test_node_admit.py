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
    *Spec.Labels*) cat $state/labels.$5 2>/dev/null || echo ;;
    *Status.Addr*) echo 10.124.0.7 ;;
    "node update"*) [ ! -e $state/busy ] ;;
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
    scene.fake("getent", "cat $state/getent")
    (scene.state / "getent").write_text("10.124.0.7      STREAM work-1\n10.124.0.7      DGRAM\n")
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


def updates(scene: Scene) -> list[str]:
    return [call for call in scene.calls if "node update" in call]


def test_a_manager_gets_the_labels_of_its_settings(scene: Scene) -> None:
    scene.facts(LABELS="storage=main tier=x")
    (scene.state / "nodes").write_text("test-app-1 new Ready\n")
    run = asked(scene, "joined test-app-1 new", "manager")
    assert run.returncode == 0, run.stderr
    assert updates(scene) == [
        "docker node update --label-add storage=main new",
        "docker node update --label-add tier=x new",
    ]


def test_a_manager_sets_its_own_labels_on_no_other(scene: Scene) -> None:
    assert asked(scene, "joined test-work-1 new", "manager").returncode == 0
    assert not updates(scene)


def test_a_worker_gets_what_a_deploy_set_on_its_predecessor(scene: Scene) -> None:
    (scene.state / "labels.old").write_text("storage=watch tier=x \n")
    run = asked(scene, "joined test-work-1 new")
    assert run.returncode == 0, run.stderr
    assert "getent ahostsv4 work-1.nodes.sprocket.example.test" in scene.calls
    assert updates(scene) == [
        "docker node update --label-add storage=watch new",
        "docker node update --label-add tier=x new",
    ]
    order = [call for call in scene.calls if "node update" in call or "node rm" in call]
    assert order[-1] == "docker node rm --force old"


@pytest.mark.parametrize("published", ["10.124.0.70    STREAM work-1\n", "10.124.0.7.test\n", ""])
def test_a_worker_that_takes_the_name_of_another_gets_nothing(scene: Scene, published: str) -> None:
    """Its host name is its own choice; the address that it connects from is DigitalOcean's."""
    (scene.state / "labels.old").write_text("storage=watch \n")
    (scene.state / "getent").write_text(published)
    run = asked(scene, "joined test-work-1 new")
    assert (
        run.returncode == 2 and "does not connect from the address that DNS has for test-work-1" in run.stderr
    )
    assert not updates(scene) and not [call for call in scene.calls if "node rm" in call]


def test_a_worker_gets_nothing_of_a_manager_by_its_name(scene: Scene) -> None:
    (scene.state / "role").write_text("manager\n")
    (scene.state / "labels.old").write_text("storage=main \n")
    assert asked(scene, "joined test-work-1 new").returncode == 0
    assert not updates(scene)


def test_a_worker_without_a_predecessor_gets_no_labels(scene: Scene) -> None:
    (scene.state / "nodes").write_text("test-app-1 self Ready\ntest-work-1 new Ready\n")
    assert asked(scene, "joined test-work-1 new").returncode == 0
    assert not updates(scene) and not scene.called("getent")


def test_labels_that_are_not_set_are_tried_again_by_who_joins(scene: Scene) -> None:
    (scene.state / "labels.old").write_text("storage=watch \n")
    (scene.state / "busy").touch()
    run = asked(scene, "joined test-work-1 new")
    assert (
        run.returncode == 2 and "the engine does not set the label storage=watch of test-work-1" in run.stderr
    )
    assert not [call for call in scene.calls if "node rm" in call]


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
