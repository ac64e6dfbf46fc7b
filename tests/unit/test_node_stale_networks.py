"""sprocket-stale-networks, run for real, with fakes for what asks the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.node_scene import Scene

SHOW = r"""
place=${PLACE:-node}
case $* in
  *show*) cat $state/$place 2>/dev/null || : ;;
  *delete*) [ ! -e $state/busy ] || exit 2; echo "$place $*" >>$state/deleted ;;
esac"""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """`$state/node` and `$state/NAMESPACE` have what ip shows in the node and in a namespace."""
    scene = Scene(tmp_path)
    scene.fake("ip", SHOW)
    scene.fake("nsenter", 'space=${1#--net=}; shift; PLACE=$(basename "$space") "$@"')
    return scene


def shows(scene: Scene, place: str, *devices: str) -> None:
    lines = [f"{n}: {device}: <BROADCAST> mtu 1450 state UNKNOWN \\" for n, device in enumerate(devices, 7)]
    (scene.state / place).write_text("\n".join([*lines, ""]))


def namespace(scene: Scene, name: str) -> None:
    path = scene.root / "run/docker/netns" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def deleted(scene: Scene) -> list[str]:
    path = scene.state / "deleted"
    return path.read_text().splitlines() if path.exists() else []


def test_what_an_engine_left_is_removed_from_the_node_and_from_its_namespaces(scene: Scene) -> None:
    shows(scene, "node", "vx-001007-abcde@if2", "wireguard-like")
    namespace(scene, "1-abcdefghij")
    namespace(scene, "0123456789ab")
    shows(scene, "1-abcdefghij", "vxlan0")
    run = scene.run("sprocket-stale-networks")
    assert run.returncode == 0, run.stdout + run.stderr
    assert deleted(scene) == ["node link delete vx-001007-abcde", "1-abcdefghij link delete vxlan0"]
    assert "removed vxlan0, which an engine left in" in run.stdout


def test_a_node_where_nothing_is_left_stays_as_it_is(scene: Scene) -> None:
    run = scene.run("sprocket-stale-networks")
    assert (run.returncode, run.stdout, deleted(scene)) == (0, "", [])


def test_it_runs_before_the_engine_which_starts_also_where_it_fails() -> None:
    drop_in = (Path(__file__).parents[2] / "layers/node/files/docker-drop-in.conf").read_text()
    assert "ExecStartPre=-/usr/local/sbin/sprocket-stale-networks\n" in drop_in
