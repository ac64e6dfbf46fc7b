"""sprocket-join, run for real: peers answer by a fake ssh, names by a fake resolver, the engine by a fake socket."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.node_engine import FakeEngine, running
from tests.unit.node_joining import SECOND, THIRD, TOKEN, inits, join, joining, names, peer, published
from tests.unit.node_scene import MANAGERS, Scene

INIT = (
    "docker swarm init --advertise-addr 10.124.0.9 --listen-addr 10.124.0.9:2377 --data-path-addr 10.124.0.9 "
    "--default-addr-pool 10.200.0.0/16 --default-addr-pool-mask-length 24 --cert-expiry 2160h"
)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with joining(tmp_path) as scene:
        yield scene


@pytest.fixture
def engine(scene: Scene) -> Iterator[FakeEngine]:
    # A socket's path has 107 characters at most; pytest's folders are longer.
    with tempfile.TemporaryDirectory() as short:
        scene.extra["SPROCKET_ENGINE"] = f"{short}/docker.sock"
        with running(FakeEngine(Path(short) / "docker.sock", scene.state)) as engine:
            yield engine


def test_peers_without_a_swarm(scene: Scene) -> None:
    peer(scene, SECOND, status="none")
    peer(scene, THIRD, status="none")
    run = join(scene)
    assert run.returncode == 0 and inits(scene) == [INIT]
    assert scene.called("admit") == ["admit manager"]
    assert (scene.root / "var/lib/sprocket/admitted").read_text() == "new"


def test_peers_that_do_not_exist_yet(scene: Scene) -> None:
    names(scene, "EAI_NONAME", SECOND, THIRD)
    assert join(scene).returncode == 0 and inits(scene) == [INIT]
    assert not scene.called("ssh")


def test_the_only_manager(scene: Scene) -> None:
    scene.facts(PEERS="")
    assert join(scene).returncode == 0 and inits(scene) == [INIT]


def test_a_first_manager_that_was_born_alone_asks_those_who_came_later(
    scene: Scene, engine: FakeEngine
) -> None:
    """Its engine lost its state: a second swarm beside that of the others would be the end of both."""
    scene.facts(PEERS="")
    published(scene, "10.124.0.9", "10.124.0.3", "10.124.0.4")
    peer(scene, "10.124.0.3", status="busy pending")
    run = join(scene)
    assert run.returncode == 1 and not inits(scene)
    assert "(10.124.0.3: busy pending; 10.124.0.4: no answer" in run.stdout
    assert not any("join@10.124.0.9" in call for call in scene.calls), "it asked itself"
    peer(scene, "10.124.0.4", status="active fourth", token=f"{TOKEN} 10.124.0.4:2377")
    assert join(scene).returncode == 0 and len(engine.joins) == 1
    assert "HostKeyAlias=managers" in scene.called("ssh")[-1]


def test_one_who_is_known_by_name_is_asked_once(scene: Scene) -> None:
    (scene.state / "names").write_text(f"{SECOND} 10.124.0.3\n{THIRD} 10.124.0.4\n")
    published(scene, "10.124.0.9", "10.124.0.3", "10.124.0.4")
    peer(scene, SECOND, status="none")
    peer(scene, THIRD, status="none")
    assert join(scene).returncode == 0 and len(scene.called("ssh")) == 2


def test_an_answer_of_the_zones_wildcard_is_no_manager(scene: Scene) -> None:
    scene.facts(PEERS="")
    published(scene, "203.0.113.130")
    assert join(scene).returncode == 0 and inits(scene) == [INIT]


@pytest.mark.parametrize("answer", ["EAI_AGAIN", "EAI_FAIL"])
def test_no_swarm_is_started_while_the_managers_cannot_be_looked_up(scene: Scene, answer: str) -> None:
    scene.facts(PEERS="")
    published(scene, answer)
    run = join(scene)
    assert run.returncode == 1 and not inits(scene) and "its name cannot be looked up" in run.stdout


@pytest.mark.parametrize("answer", ["no-quorum", "unknown", "busy pending", "busy active"])
def test_any_other_answer_starts_no_second_swarm(scene: Scene, answer: str) -> None:
    peer(scene, SECOND, status="none")
    peer(scene, THIRD, status=answer)
    run = join(scene)
    assert run.returncode == 1 and not inits(scene)
    assert f"waiting: no manager has a swarm to join ({SECOND}: none; {THIRD}: {answer})" in run.stdout


def test_a_peer_that_does_not_answer_is_waited_for(scene: Scene) -> None:
    peer(scene, SECOND, status="none")
    run = join(scene)
    assert run.returncode == 1 and not inits(scene)
    assert f"{THIRD}: no answer (ssh: connect to host {THIRD} port 22: Connection timed out)" in run.stdout


def test_a_resolver_that_is_ill_is_no_absent_peer(scene: Scene) -> None:
    names(scene, "EAI_AGAIN", SECOND, THIRD)
    run = join(scene)
    assert run.returncode == 1 and not inits(scene) and "its name cannot be looked up" in run.stdout


def test_only_the_first_starts_a_swarm(scene: Scene) -> None:
    scene.facts(FIRST="no")
    peer(scene, SECOND, status="none")
    peer(scene, THIRD, status="none")
    assert join(scene).returncode == 1 and not inits(scene)


def test_it_joins_through_whoever_has_the_swarm(scene: Scene, engine: FakeEngine) -> None:
    peer(scene, THIRD, status="active third", token=f"{TOKEN} 10.124.0.4:2377")
    run = join(scene)
    assert run.returncode == 0 and not inits(scene)
    assert engine.joins == [
        {
            "ListenAddr": "10.124.0.9:2377",
            "AdvertiseAddr": "10.124.0.9",
            "DataPathAddr": "10.124.0.9",
            "RemoteAddrs": ["10.124.0.4:2377"],
            "JoinToken": TOKEN,
        }
    ]
    assert not any(TOKEN.encode() in path.read_bytes() for path in scene.root.rglob("*") if path.is_file())


def test_ssh_is_strict(scene: Scene) -> None:
    peer(scene, SECOND, status="none")
    join(scene)
    call = scene.called("ssh")[0]
    for word in ("BatchMode=yes", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=/dev/null", "-F none"):
        assert word in call
    assert f"UserKnownHostsFile={scene.root}/etc/sprocket/ssh/known_hosts" in call


def test_the_engines_refusal_hides_the_token(scene: Scene, engine: FakeEngine) -> None:
    engine.refusal = f"{TOKEN} is not a valid token"
    peer(scene, SECOND, status="active second", token=f"{TOKEN} 10.124.0.3:2377")
    run = join(scene)
    assert run.returncode == 1 and "(token) is not a valid token" in run.stdout


def test_a_worker_is_admitted_by_a_manager(scene: Scene, engine: FakeEngine) -> None:
    scene.facts(ROLE="worker", FIRST="no", NODE="test-work-1", PEERS=" ".join(MANAGERS))
    peer(scene, SECOND, status="active second", token=f"{TOKEN} 10.124.0.3:2377", joined="")
    (scene.state / f"peer.{SECOND}.joined").write_text("")
    assert join(scene).returncode == 0
    assert scene.called("ssh")[-1].endswith(f"join@{SECOND} joined test-work-1 new")
    assert not scene.called("admit")


def test_an_engine_that_is_not_there(scene: Scene) -> None:
    (scene.state / "swarm").unlink()
    run = join(scene)
    assert (run.returncode, run.stdout) == (1, "sprocket-join: waiting: the engine\n")


def test_no_private_address(scene: Scene) -> None:
    scene.facts(PEERS="")
    scene.extra["SPROCKET_METADATA"] = "http://127.0.0.1:1"
    run = join(scene)
    assert run.returncode == 1 and "waiting: the metadata service, for the private address" in run.stdout
    assert not inits(scene)
