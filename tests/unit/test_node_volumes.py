"""sprocket-volumes, run for real, with fakes for what touches devices."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.node_scene import Scene

DEVICE = "dev/disk/by-id/scsi-0DO_Volume_test-redis"
MEBIBYTE = 1024 * 1024


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """One empty device, of 4 MiB; blkid says what $state/blkid says, `<exit code> <types>`."""
    scene = Scene(tmp_path)
    scene.facts(VOLUMES=f"redis=test-redis={_me()}")
    device = scene.root / DEVICE
    device.parent.mkdir(parents=True)
    device.write_bytes(bytes(4 * MEBIBYTE))
    (scene.state / "blkid").write_text("2 ")
    scene.fake("blkid", 'read -r code types <$state/blkid; printf "%s\\n" $types; exit $code')
    scene.fake("mkfs.ext4", 'echo "0 ext4" >$state/blkid')
    scene.fake("e2fsck", "exit $(cat $state/e2fsck 2>/dev/null || echo 0)")
    scene.fake("mount", "for last; do :; done; echo 8:0 >$state/mounted")
    scene.fake(
        "mountpoint",
        "case $1 in -x) echo 8:0 ;; -d) cat $state/mounted 2>/dev/null ;; -q) [ -e $state/mounted ] ;; esac",
    )
    scene.fake("dumpe2fs", 'echo "Block count:              1024"; echo "Block size:               4096"')
    scene.fake("blockdev", f"cat $state/bytes 2>/dev/null || echo {4 * MEBIBYTE}")
    scene.fake("resize2fs")
    return scene


def _me() -> str:
    return f"{os.getuid()}:{os.getgid()}"


def test_a_new_volume_gets_a_file_system_and_a_directory(scene: Scene) -> None:
    run = scene.run("sprocket-volumes")
    assert run.returncode == 0, run.stdout + run.stderr
    assert scene.called("mkfs.ext4") == [f"mkfs.ext4 -q {scene.root}/{DEVICE}"]
    assert scene.called("mount") == [
        f"mount -t ext4 -o discard,noatime {scene.root}/{DEVICE} {scene.root}/mnt/redis"
    ]
    data = scene.root / "mnt/redis/data"
    assert data.is_dir() and data.stat().st_mode & 0o777 == 0o750


def test_again_is_nothing(scene: Scene) -> None:
    scene.run("sprocket-volumes")
    scene.log.write_text("")
    run = scene.run("sprocket-volumes")
    assert (run.returncode, run.stdout) == (0, "")
    assert not scene.called("mkfs.ext4") + scene.called("mount") + scene.called("resize2fs")


@pytest.mark.parametrize(
    ("blkid", "words"),
    [
        ("0 xfs", "has xfs on it, not ext4; not touching it"),
        ("0 gpt", "has gpt on it, not ext4; not touching it"),
        ("0 crypto_LUKS", "has crypto_LUKS on it"),
        ("8 ", "cannot be made out (blkid ends with 8)"),
        ("4 ", "cannot be made out (blkid ends with 4)"),
    ],
)
def test_what_is_on_a_device_stays(scene: Scene, blkid: str, words: str) -> None:
    (scene.state / "blkid").write_text(blkid)
    run = scene.run("sprocket-volumes")
    assert run.returncode == 1 and words in run.stdout
    assert not scene.called("mkfs.ext4") + scene.called("mount")


def test_data_that_blkid_does_not_know_stays(scene: Scene) -> None:
    (scene.root / DEVICE).write_bytes(bytes(4096) + b"somebody's" + bytes(4 * MEBIBYTE))
    run = scene.run("sprocket-volumes")
    assert run.returncode == 1 and "has no file system but is not empty; not touching it" in run.stdout
    assert not scene.called("mkfs.ext4")


def test_a_device_that_cannot_be_read_stays(scene: Scene) -> None:
    (scene.root / DEVICE).write_bytes(b"")
    run = scene.run("sprocket-volumes")
    assert run.returncode == 1 and "cannot be read; not touching it" in run.stdout
    assert not scene.called("mkfs.ext4")


def test_a_file_system_is_mounted_as_it_is(scene: Scene) -> None:
    (scene.state / "blkid").write_text("0 ext4")
    assert scene.run("sprocket-volumes").returncode == 0
    assert not scene.called("mkfs.ext4") and len(scene.called("mount")) == 1


def test_a_broken_file_system_is_not_mounted(scene: Scene) -> None:
    (scene.state / "blkid").write_text("0 ext4")
    (scene.state / "e2fsck").write_text("4")
    run = scene.run("sprocket-volumes")
    assert run.returncode == 1 and "run e2fsck -f" in run.stdout and not scene.called("mount")


def test_another_device_at_the_mount_point(scene: Scene) -> None:
    (scene.state / "mounted").write_text("8:16\n")
    run = scene.run("sprocket-volumes")
    assert run.returncode == 1 and "mounted, but not from" in run.stdout
    assert not scene.called("mount") + scene.called("mkfs.ext4")
    assert not (scene.root / "mnt/redis/data").exists()


def test_a_volume_that_is_not_there_leaves_the_mount_point_empty(scene: Scene) -> None:
    (scene.root / DEVICE).unlink()
    run = scene.run("sprocket-volumes")
    assert run.returncode == 1 and f"{DEVICE} is not attached" in run.stdout
    assert list((scene.root / "mnt/redis").iterdir()) == []


def test_a_device_that_vanishes_after_it_was_seen(scene: Scene) -> None:
    """The number of a device that is gone and that of a folder on which nothing is mounted are both empty."""
    scene.fake("mountpoint", f"rm -f {scene.root}/{DEVICE}; exit 1")
    run = scene.run("sprocket-volumes")
    assert run.returncode == 1, run.stdout
    assert list((scene.root / "mnt/redis").iterdir()) == []


def test_a_mount_that_does_not_stay(scene: Scene) -> None:
    """systemd unmounts what was mounted from a device as soon as that is gone."""
    scene.fake("mount")
    run = scene.run("sprocket-volumes")
    assert run.returncode == 1 and f"is no longer mounted at {scene.root}/mnt/redis" in run.stdout
    assert list((scene.root / "mnt/redis").iterdir()) == []


def test_an_unmount_while_the_directory_is_made(scene: Scene) -> None:
    """Whatever is mounted under that name by then, the directory is made where the check was."""
    mount = scene.root / "mnt/redis"
    scene.fake(
        "install", f'mv {mount} {mount}.unmounted; mkdir {mount}; mkdir "$(for last; do :; done; echo $last)"'
    )
    scene.run("sprocket-volumes")
    assert list(mount.iterdir()) == []
    assert (scene.root / "mnt/redis.unmounted/data").is_dir()


@pytest.mark.parametrize("attached", [True, False])
def test_data_below_the_mount_point_is_not_started_from(scene: Scene, attached: bool) -> None:
    """Otherwise the engine would start the store there while its volume is away."""
    below = scene.root / "mnt/redis/data"
    below.mkdir(parents=True)
    (below / "dump.rdb").write_text("old")
    if not attached:
        (scene.root / DEVICE).unlink()
    scene.fake("date", "echo 1700000000")
    run = scene.run("sprocket-volumes")
    aside = scene.root / "mnt/redis.on-root-disk.1700000000"
    assert f"was on the root disk, not on its volume; moved to {aside}" in run.stdout
    assert (aside / "data/dump.rdb").read_text() == "old"
    assert run.returncode == (0 if attached else 1)
    assert list((scene.root / "mnt/redis").glob("data/*")) == []
    assert (scene.root / "mnt/redis/data").exists() == attached


def test_it_waits_for_a_device(scene: Scene) -> None:
    device = scene.root / DEVICE
    device.rename(scene.state / "later")
    scene.fake("sleep", f"mv $state/later {device}")
    run = scene.run("sprocket-volumes", "30")
    assert run.returncode == 0 and run.stdout.startswith(f"sprocket-volumes: waiting for {device}\n")


def test_one_missing_does_not_keep_the_others(scene: Scene) -> None:
    scene.facts(VOLUMES=f"lost=test-lost=0:0 redis=test-redis={_me()}")
    assert scene.run("sprocket-volumes").returncode == 1
    assert (scene.root / "mnt/redis/data").is_dir() and not (scene.root / "mnt/lost/data").exists()


def test_a_grown_volume(scene: Scene) -> None:
    scene.run("sprocket-volumes")
    (scene.state / "bytes").write_text(str(8 * MEBIBYTE))
    run = scene.run("sprocket-volumes")
    assert run.returncode == 0 and "growing its file system" in run.stdout
    assert scene.called("resize2fs") == [f"resize2fs {scene.root}/{DEVICE}"]


def test_the_kernel_that_refuses_to_grow_is_asked_once(scene: Scene) -> None:
    scene.run("sprocket-volumes")
    (scene.state / "bytes").write_text(str(8 * MEBIBYTE))
    scene.fake("resize2fs", "echo 'resize2fs: Permission denied' >&2; exit 1")
    run = scene.run("sprocket-volumes")
    assert "it will at the next boot (resize2fs: Permission denied)" in run.stdout
    assert scene.run("sprocket-volumes").stdout == ""
    assert len(scene.called("resize2fs")) == 1


def test_a_volume_that_grew_while_it_was_not_mounted(scene: Scene) -> None:
    (scene.state / "blkid").write_text("0 ext4")
    (scene.state / "bytes").write_text(str(8 * MEBIBYTE))
    assert scene.run("sprocket-volumes").returncode == 0
    order = [call.split()[0] for call in scene.calls if call.split()[0] in ("e2fsck", "resize2fs", "mount")]
    assert order[:4] == ["e2fsck", "e2fsck", "resize2fs", "mount"]
    assert scene.called("e2fsck")[1] == f"e2fsck -p -f {scene.root}/{DEVICE}"
