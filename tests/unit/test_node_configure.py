"""sprocket-configure, run for real: what a deploy wants of a node that stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.node.node import NodeVolume
from tests.unit.node_scene import Scene, node

LABELS, VOLUMES = "LABELS='storage=main'\n", "VOLUMES='redis=test-redis=999:999'\n"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A node with one store."""
    scene = Scene(tmp_path)
    scene.facts(VOLUMES="redis=test-redis=999:999")
    (scene.root / "var/lib/sprocket/desired").mkdir(parents=True)
    return scene


def wanted(scene: Scene, text: str) -> None:
    (scene.root / "var/lib/sprocket/desired/node.conf").write_text(text)


def facts(scene: Scene) -> dict[str, str]:
    lines = (scene.root / "etc/sprocket/node.conf").read_text().splitlines()
    return dict(line.replace("'", "").split("=", 1) for line in lines)


def test_without_a_wish_nothing_is_done(scene: Scene) -> None:
    before = facts(scene)
    run = scene.run("sprocket-configure")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert facts(scene) == before


def test_a_new_store(scene: Scene) -> None:
    before = facts(scene)
    wanted(scene, LABELS + "VOLUMES='redis=test-redis=999:999 loki=test-loki=10001:10001'\n")
    run = scene.run("sprocket-configure")
    assert run.returncode == 0, run.stderr
    assert "volumes are now: redis=test-redis=999:999 loki=test-loki=10001:10001" in run.stdout
    assert facts(scene) == before | {"VOLUMES": "redis=test-redis=999:999 loki=test-loki=10001:10001"}


def test_again_is_nothing(scene: Scene) -> None:
    wanted(scene, "LABELS='storage=main tier=x'\n" + VOLUMES)
    scene.run("sprocket-configure")
    run = scene.run("sprocket-configure")
    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.parametrize("labels", ["", "storage=main tier=x"])
def test_the_labels_of_its_next_admission(scene: Scene, labels: str) -> None:
    wanted(scene, f"LABELS='{labels}'\n" + VOLUMES)
    assert scene.run("sprocket-configure").returncode == 0
    assert facts(scene)["LABELS"] == labels


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LABELS, "has LABELS, not LABELS, VOLUMES"),
        (LABELS + VOLUMES + "PEERS=''\n", "has LABELS, VOLUMES, PEERS"),
        ("", "has nothing"),
        ("VOLUMES='\n", "cannot be read"),
        ("LABELS VOLUMES\n", "cannot be read"),
        (LABELS + "VOLUMES='../etc=test-redis=0:0'\n", "VOLUMES has '../etc=test-redis=0:0'"),
        (LABELS + "VOLUMES='redis=test-redis=root'\n", "VOLUMES has 'redis=test-redis=root'"),
        (LABELS + "VOLUMES='$(reboot)=x=0:0'\n", "VOLUMES has '$(reboot)=x=0:0'"),
        ("LABELS='storage'\n" + VOLUMES, "LABELS has 'storage'"),
    ],
)
def test_what_is_not_understood_changes_nothing(scene: Scene, text: str, words: str) -> None:
    before = facts(scene)
    wanted(scene, text)
    run = scene.run("sprocket-configure")
    assert run.returncode == 1 and words in run.stderr and "changed nothing" in run.stderr
    assert facts(scene) == before


def test_it_understands_what_a_deploy_writes(scene: Scene) -> None:
    volumes = (
        NodeVolume(store="redis", device_name="test-redis", owner="999:999"),
        NodeVolume(store="let-us", device_name="test-let-us", owner="0:0"),
    )
    wanted(scene, node(labels={"storage": "main", "zone": "b"}, volumes=volumes).desired_conf)
    assert scene.run("sprocket-configure").returncode == 0
    assert facts(scene)["VOLUMES"] == "redis=test-redis=999:999 let-us=test-let-us=0:0"
    assert facts(scene)["LABELS"] == "storage=main zone=b"
