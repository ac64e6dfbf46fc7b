"""sprocket-join, run for real where a join was begun before, ended or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.node_joining import SECOND, inits, join, joining, peer
from tests.unit.node_scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with joining(tmp_path) as scene:
        yield scene


def test_again_is_nothing(scene: Scene) -> None:
    scene.facts(PEERS="")
    join(scene)
    scene.log.write_text("")
    run = join(scene)
    assert (run.returncode, run.stdout) == (0, "")
    assert scene.calls == [
        "docker info --format {{json .Swarm}}",
        "docker node ls --format {{.ID}} {{.Status}} {{.Hostname}}",
    ]


NODES = """
case "$*" in
    info*) cat $state/swarm ;;
    "node ls"*) printf 'new Ready test-app-1\nlost Unknown \ndead Down test-data-1\nyoung Unknown \n' ;;
    *inspect*young) printf '"%s"\n' "$(date -u +%Y-%m-%dT%H:%M:%S.5Z)" ;;
    *inspect*) echo '"2026-01-02T03:04:05.678Z"' ;;
esac
"""


def test_what_never_joined_is_removed(scene: Scene) -> None:
    """An entry with a name is a node, dead or not; one that is young may be joining."""
    admitted(scene)
    (scene.state / "swarm").write_text('{"LocalNodeState":"active","NodeID":"new"}')
    scene.fake("docker", NODES)
    assert "removed lost, which never joined" in join(scene).stdout
    assert [call for call in scene.calls if "node rm" in call] == ["docker node rm --force lost"]
    scene.facts(ROLE="worker")
    scene.log.write_text("")
    join(scene)
    assert not [call for call in scene.calls if "node ls" in call]


def test_cut_off_before_it_was_admitted(scene: Scene) -> None:
    (scene.state / "swarm").write_text('{"LocalNodeState":"active","NodeID":"new"}')
    assert join(scene).returncode == 0 and scene.called("admit")
    assert not inits(scene)


def test_cut_off_while_it_joined(scene: Scene) -> None:
    (scene.state / "swarm").write_text('{"LocalNodeState":"pending","NodeID":""}')
    run = join(scene)
    assert run.returncode == 1 and "docker swarm leave --force" in scene.calls


def test_a_member_whose_swarm_is_silent_stays_in_it(scene: Scene) -> None:
    admitted(scene)
    (scene.state / "swarm").write_text('{"LocalNodeState":"pending","NodeID":"new","Error":"no leader"}')
    run = join(scene)
    assert (
        run.returncode == 1
        and "waiting: the swarm of node new; the engine says pending no leader" in run.stdout
    )
    assert not any("leave" in call for call in scene.calls)


def admitted(scene: Scene) -> None:
    mark = scene.root / "var/lib/sprocket/admitted"
    mark.parent.mkdir(parents=True)
    mark.write_text("new")


@pytest.mark.parametrize(("role", "leaves"), [("worker", True), ("manager", False)])
def test_a_worker_whose_swarm_was_begun_anew_leaves_the_old_one(
    scene: Scene, role: str, leaves: bool
) -> None:
    scene.facts(ROLE=role, FIRST="no")
    admitted(scene)
    (scene.state / "swarm").write_text('{"LocalNodeState":"active","NodeID":"new"}')
    peer(scene, SECOND, member="no")
    join(scene)
    assert ("docker swarm leave --force" in scene.calls) is leaves


@pytest.mark.parametrize("answer", ["yes", "unknown"])
def test_a_worker_that_is_known_stays(scene: Scene, answer: str) -> None:
    scene.facts(ROLE="worker", FIRST="no")
    admitted(scene)
    (scene.state / "swarm").write_text('{"LocalNodeState":"active","NodeID":"new"}')
    peer(scene, SECOND, member=answer)
    assert join(scene).returncode == 0
    assert not any("leave" in call for call in scene.calls)
