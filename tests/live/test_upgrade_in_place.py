"""Redis and MinIO from one real version to the next in one directory, and back: set aside, and a copy into an empty one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from images.builder.engine import docker
from images.builder.trial import Running, Trial
from ops.backup.manifest import differences, missing
from ops.upgrade.set_aside import _MOVE
from tests.live.backups import Bench, secret
from tests.live.other_versions import two_versions
from tests.live.test_backup_minio import BUCKET, Shop
from tests.live.test_backup_redis import cli

pytestmark = pytest.mark.live(needs=["engine"])


class Stage:
    """One store, in either version, on the same volumes."""

    def __init__(self, trial: Trial, store: str) -> None:
        self.old, self.new = two_versions(store)
        self.store = store
        self.bench = Bench(trial, store)
        self._trial = trial

    def take(self, version: str) -> None:
        """What is started from now on has this version; the bucket's server keeps its own."""
        assert self.bench.sender
        entry = self.old if version == "old" else self.new
        self._trial.images = {**self._trial.images, self.store: entry}

    def end(self, *servers: Running) -> None:
        for each in servers:
            each.stop()
            docker("rm", "--force", each.name)

    def set_aside(self) -> list[str]:
        """What is left in the store's directory."""
        ((at, volume),) = self.bench.services.volumes(self.store).items()
        mount = f"{self._trial.volume(volume)}:{at}"
        image = f"{self.new.name}@{self.new.digest}"
        for script in (_MOVE, 'ls -A "$1"'):
            left = docker(
                "run", "--rm", "--network", "none", "--user", "0:0", "--volume", mount, "--entrypoint", "/bin/sh",
                image, "-euc", script, "set-aside", at, ".set-aside-1",
            )  # fmt: skip
        return left.split()


@dataclass
class Redis:
    """With a key of each kind that a release may write in another form."""

    server: Running

    def write(self) -> None:
        cli(self.server, "set", "marker", "here")
        cli(self.server, "hset", "hash", "a", "1", "b", "2")
        cli(self.server, "zadd", "sorted", "1", "one", "2", "two")
        cli(self.server, "xadd", "stream", "*", "field", "value")

    def read(self) -> str:
        assert cli(self.server, "hget", "hash", "b") == "2"
        assert cli(self.server, "xlen", "stream") == "1"
        return cli(self.server, "get", "marker")

    @property
    def running(self) -> list[Running]:
        return [self.server]


@dataclass
class Minio:
    """With an object that has a type of its own."""

    shop: Shop

    def write(self) -> None:
        self.shop.put(f"{BUCKET}/marker", "here", attributes="Content-Type=application/x-replay")
        self.shop.keeper.expect("sh", "-c", "head -c 5000000 /dev/urandom > /tmp/large")
        self.shop.mc("cp", "/tmp/large", f"store/{BUCKET}/large")

    def read(self) -> str:
        assert any("application/x-replay" in line for line in self.shop.about(f"{BUCKET}/marker"))
        return self.shop.mc("cat", f"store/{BUCKET}/marker").strip()

    @property
    def running(self) -> list[Running]:
        return [self.shop.server, self.shop.keeper]


def redis(bench: Bench) -> Redis:
    server = bench.services.start("redis")
    server.wait("sh", "-c", f"REDISCLI_AUTH={secret('redis-password')} redis-cli ping | grep -q PONG")
    return Redis(server)


def minio(bench: Bench) -> Minio:
    return Minio(Shop(bench))


@pytest.mark.parametrize(
    ("name", "start", "compared"), [("redis", redis, missing), ("minio", minio, differences)]
)
def test_an_upgrade_and_the_way_back(
    trial: Trial,
    name: str,
    start: Callable[[Bench], Redis | Minio],
    compared: Callable[[list[str], list[str]], list[str]],
) -> None:
    stage = Stage(trial, name)
    bench = stage.bench
    stage.take("old")
    store = start(bench)
    store.write()
    job = bench.start_job()
    manifest = bench.copy_and_fetch()
    copy = bench.sent()

    stage.end(job, *store.running)
    stage.take("new")
    store = start(bench)
    assert store.read() == "here"
    job = bench.start_job()
    assert compared(manifest.splitlines(), bench.copy_and_fetch().splitlines()) == []

    stage.end(job, *store.running)
    assert [each for each in stage.set_aside() if each != ".lock"] == [".set-aside-1"]
    stage.take("old")
    store = start(bench)
    bench.start_job()
    bench.fetch(copy)
    bench.expect("load")
    assert store.read() == "here"
    assert bench.expect("verify") == manifest
    print(f"{name} {stage.old.version} -> {stage.new.version} and back: {bench.in_words()}")
