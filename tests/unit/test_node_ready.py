"""sprocket-ready, run for real: it names each thing that is missing."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.node_scene import Scene

INFO: Mapping[str, object] = {
    "Labels": ["storage=main"],
    "Swarm": {"LocalNodeState": "active", "NodeID": "me", "ControlAvailable": True},
}
DEVICE = "dev/disk/by-id/scsi-0DO_Volume_test-redis"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A node that is ready."""
    scene = Scene(tmp_path)
    scene.facts(NODE=socket.gethostname(), VOLUMES="redis=test-redis=999:999")
    for path in ("run/cloud-init/result.json", "var/lib/sprocket/built", DEVICE):
        (scene.root / path).parent.mkdir(parents=True, exist_ok=True)
        (scene.root / path).touch()
    (scene.root / "var/lib/sprocket/admitted").write_text("me")
    (scene.root / "mnt/redis/data").mkdir(parents=True)
    scene.fake("docker", "case $1 in info) cat $state/info ;; node) [ ! -e $state/no-quorum ] ;; esac")
    scene.fake("mountpoint", "case $1 in -x) echo 8:0 ;; *) cat $state/mounted ;; esac")
    scene.fake("iptables", '[ ! -e $state/open ] || ! echo "$*" | grep -q "$(cat $state/open)"')
    scene.fake("systemctl", "[ ! -e $state/open ]")
    (scene.state / "mounted").write_text("8:0\n")
    info(scene, INFO)
    return scene


def info(scene: Scene, value: Mapping[str, object]) -> None:
    (scene.state / "info").write_text(json.dumps(value))


def missing(scene: Scene, *arguments: str) -> list[str]:
    run = scene.run("sprocket-ready", "--json", *arguments)
    report = json.loads(run.stdout)
    assert run.returncode == (1 if report["missing"] else 0), run.stderr
    assert report["ready"] is not bool(report["missing"])
    assert report["node"] == socket.gethostname() and report["replace"] == []
    found: list[str] = report["missing"]
    return found


def test_all_is_there(scene: Scene) -> None:
    assert missing(scene) == []
    run = scene.run("sprocket-ready")
    assert (run.returncode, run.stdout) == (0, f"{socket.gethostname()} is ready\n")


@pytest.mark.parametrize(
    ("gone", "line"),
    [
        ("run/cloud-init/result.json", "cloud-init: has not finished"),
        ("var/lib/sprocket/built", "setup: has not finished (journalctl -u sprocket-setup)"),
        ("var/lib/sprocket/admitted", "swarm: joined, but not admitted yet (journalctl -u sprocket-join)"),
    ],
)
def test_a_step_that_is_not_done(scene: Scene, gone: str, line: str) -> None:
    (scene.root / gone).unlink()
    assert missing(scene) == [line]


def test_it_tells_the_packages_that_only_an_operator_upgrades(scene: Scene) -> None:
    scene.fake("dpkg-query", "echo 'docker.io 20.10.24-1 installed'; echo 'docker-ce 5 config-files'; exit 1")
    run = scene.run("sprocket-ready", "--json")
    assert json.loads(run.stdout)["packages"] == {"docker.io": "20.10.24-1"}


def test_another_host_name(scene: Scene) -> None:
    scene.facts(NODE="test-app-1")
    run = scene.run("sprocket-ready")
    assert run.stdout == f"host name: is {socket.gethostname()}, not test-app-1\n"


def test_the_engine(scene: Scene) -> None:
    (scene.state / "info").write_text("")
    assert missing(scene) == ["engine: does not answer (journalctl -u docker)"]


@pytest.mark.parametrize(
    ("swarm", "line"),
    [
        (
            {"LocalNodeState": "pending", "NodeID": "", "Error": "x"},
            "swarm: the engine says pending x (journalctl -u sprocket-join)",
        ),
        (
            {"LocalNodeState": "active", "NodeID": "me", "ControlAvailable": False},
            "swarm: this node is to be a manager and is a worker (docker node promote, on a manager)",
        ),
    ],
)
def test_the_swarm(scene: Scene, swarm: dict[str, object], line: str) -> None:
    info(scene, {**INFO} | {"Swarm": swarm})
    assert missing(scene) == [line]


def test_quorum(scene: Scene) -> None:
    (scene.state / "no-quorum").touch()
    assert missing(scene) == ["swarm: the managers have no quorum"]


def test_a_volume_that_is_not_attached(scene: Scene) -> None:
    (scene.root / DEVICE).unlink()
    assert missing(scene) == [f"volume redis: {scene.root}/{DEVICE} is not attached"]


def test_a_volume_that_is_not_mounted(scene: Scene) -> None:
    (scene.state / "mounted").write_text("")
    assert missing(scene) == [
        f"volume redis: {scene.root}/mnt/redis is not mounted (journalctl -u sprocket-volumes)"
    ]


def test_another_device(scene: Scene) -> None:
    (scene.state / "mounted").write_text("8:16\n")
    assert missing(scene) == [
        f"volume redis: what is mounted at {scene.root}/mnt/redis is not {scene.root}/{DEVICE}"
    ]


def test_the_stores_directory(scene: Scene) -> None:
    (scene.root / "mnt/redis/data").rmdir()
    assert missing(scene) == [f"volume redis: {scene.root}/mnt/redis/data is missing"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root looks at the rules themselves")
@pytest.mark.parametrize("chain", ["PREROUTING", "DOCKER-USER", "OUTPUT"])
def test_a_way_to_the_metadata(scene: Scene, chain: str) -> None:
    (scene.state / "open").write_text(chain)
    assert missing(scene) == [
        f"metadata: not blocked in {chain} (systemctl restart sprocket-metadata-guard.service)"
    ]


def test_a_monitoring_agent_that_cannot_work(scene: Scene) -> None:
    line = "monitoring: the agent may not read the metadata service (journalctl -u sprocket-metadata-agent)"
    scene.fake("id", "echo 997")
    assert missing(scene) == [line]
    (scene.root / "run/sprocket-metadata-agent").write_text("997\n")
    assert missing(scene) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root looks at the rules themselves")
def test_a_monitoring_agent_whose_rule_is_gone(scene: Scene) -> None:
    scene.fake("id", "echo 997")
    (scene.root / "run/sprocket-metadata-agent").write_text("997\n")
    (scene.state / "open").write_text("ACCEPT")
    assert [line for line in missing(scene) if line.startswith("monitoring: ")]


WANTED = {"--role": "manager", "--labels": "storage=main", "--volumes": "redis=test-redis"}


def told(scene: Scene, **changes: str) -> dict[str, list[str]]:
    wanted = WANTED | {f"--{fact}": value for fact, value in changes.items()}
    run = scene.run("sprocket-ready", "--json", *(word for pair in wanted.items() for word in pair))
    report = json.loads(run.stdout)
    assert report["ready"] is (run.returncode == 0)
    return {name: report[name] for name in ("missing", "configure", "replace")}


def test_a_node_with_the_settings_that_are_wanted(scene: Scene) -> None:
    assert told(scene) == {"missing": [], "configure": [], "replace": []}


@pytest.mark.parametrize(
    ("fact", "value", "difference"),
    [
        ("labels", "storage=data", "labels without storage=data; with storage=main still"),
        ("labels", "tier=x storage=main", "labels without tier=x"),
        ("labels", "", "labels with storage=main still"),
        ("volumes", "redis=test-redis loki=test-loki", "volumes without loki=test-loki"),
        ("volumes", "redis=other-redis", "volumes without redis=other-redis; with redis=test-redis still"),
    ],
)
def test_a_node_with_other_settings(scene: Scene, fact: str, value: str, difference: str) -> None:
    assert told(scene, **{fact: value}) == {
        "missing": [],
        "configure": [f"has other settings than wanted: {difference}"],
        "replace": [],
    }


def test_a_node_that_was_built_for_another_role(scene: Scene) -> None:
    assert told(scene, role="worker") == {
        "missing": [],
        "configure": [],
        "replace": ["was built for other settings: role manager, wanted worker"],
    }


def test_a_node_that_the_mesh_does_not_reach(scene: Scene) -> None:
    assert told(scene, mesh="no")["replace"] == []
    assert told(scene, mesh="yes")["replace"] == [
        "was built for other settings: without the private mesh, over which it is to be reached"
    ]


def test_a_volume_that_moved_away_is_not_waited_for(scene: Scene) -> None:
    (scene.root / DEVICE).unlink()
    assert told(scene, volumes="") == {
        "missing": [],
        "configure": ["has other settings than wanted: volumes with redis=test-redis still"],
        "replace": [],
    }


def test_wrong_use(scene: Scene) -> None:
    assert scene.run("sprocket-ready", "--yaml").returncode == 2
