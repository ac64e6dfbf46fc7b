"""What can go wrong on a node: a full disk, a wrong password, a killed job. It is said, nothing is lost, the next run finishes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from images.builder.engine import docker
from images.builder.trial import Running, Trial
from layers.backup.backups import PASSWORD
from ops.backup.copies import copied
from ops.backup.jobs import Job
from ops.backup.side_by_side import side_by_side
from ops.backup.spool import Spool
from ops.swarm.containers import Finished, Tasks
from tests.live.backups import WITHIN_S, Bench, disk, fill, secret

pytestmark = [pytest.mark.live(needs=["engine"]), pytest.mark.proof]

SPOOL = "sprocket-redis-spool"
CLI = f"REDISCLI_AUTH={secret('redis-password')} redis-cli --no-auth-warning"
FULL = "error: no space left: the disk of the spool ha"
BIG_BYTES = 24_000_000
"""Of random content, which nothing compresses."""


def until(check: Callable[[], bool], log: Callable[[], str]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not check():
        assert time.monotonic() < deadline, log()[-3000:]
        time.sleep(0.1)


class Containers(Tasks):
    """The bench's containers, by the names of their services."""

    def __init__(self, bench: Bench) -> None:
        self._known = {"redis-backup": bench.job, "backup-sender": bench.sender}

    def container(self, service: str) -> str:
        return service

    def run(self, container: str, *words: str) -> Finished:
        done = self._known[container].exec(*words)
        return Finished(code=done.code, output=done.output)


def spool_of(bench: Bench) -> Spool:
    """As ops uses it."""
    job = Job(
        store="redis",
        service="redis-backup",
        sender="backup-sender",
        server="redis",
        every_s=86400,
        stops_server=False,
        clients=(),
    )
    return Spool(job, Containers(bench), "local")


@pytest.fixture
def bench(trial: Trial) -> Bench:
    disk(trial, SPOOL, "96m")
    return Bench(trial, "redis")


@pytest.fixture
def redis(bench: Bench) -> Running:
    redis = bench.services.start("redis")
    redis.wait("sh", "-c", f"{CLI} ping | grep -q PONG")
    redis.expect("sh", "-c", f"{CLI} set marker here")
    return redis


@pytest.fixture
def redis_on_a_small_disk(bench: Bench, request: pytest.FixtureRequest) -> Running:
    disk(bench.trial, "sprocket-redis", "120m")
    found: Running = request.getfixturevalue("redis")
    return found


def grow(redis: Running) -> None:
    redis.expect("sh", "-c", f"head -c {BIG_BYTES} /dev/urandom | {CLI} -x set big")


def test_a_disk_that_fills_up_during_a_copy(bench: Bench, redis: Running) -> None:
    job = bench.start_job()
    manifest = bench.copy_and_fetch()
    grow(redis)
    fill(job, "/spool", but=14_000)
    done = bench.ask("copy")
    assert done.code != 0
    assert FULL in done.output.strip().splitlines()[-1], done.output
    assert FULL in job.expect("cat", "/spool/failed")
    assert job.exec("test", "-d", "/spool/new").code != 0, "what cannot be finished takes no room"
    assert job.expect("cat", "/spool/last/manifest") == manifest

    fill(job, "/spool", but=0, name="filler-2")
    _, errors = side_by_side({"redis": copied(spool_of(bench))}, lambda text: None)
    assert re.fullmatch(
        r"redis: not copied: the disk of the spool has \d\d? KiB free; the last copy of redis took 8 KiB; "
        r"the last copy is still there\n  make room on the node: .*",
        str(errors["redis"]),
    ), errors["redis"]
    assert job.alive()

    job.expect("sh", "-c", "rm /spool/filler*")
    newer = bench.copy_and_fetch()
    assert newer != manifest
    assert bench.expect("verify") == newer
    assert job.exec("cat", "/spool/failed").code != 0
    print(bench.in_words())


def test_a_disk_that_fills_up_while_a_copy_comes_back(bench: Bench, redis: Running) -> None:
    grow(redis)
    job = bench.start_job()
    bench.expect("copy")
    snapshot = bench.sent()
    fill(job, "/spool", but=8_000)
    redis.expect("sh", "-c", f"{CLI} del marker")
    code, said = bench.fetched(snapshot)
    assert code != 0
    assert FULL in said.strip().splitlines()[-1], said
    assert bench.sender.alive()
    assert redis.expect("sh", "-c", f"{CLI} exists big").strip() == "1"

    job.expect("rm", "/spool/filler")
    bench.fetch(snapshot)
    assert bench.expect("verify") == bench.manifest()
    bench.expect("load")
    assert redis.expect("sh", "-c", f"{CLI} get marker").strip() == "here"
    print(bench.in_words())


def test_a_disk_that_fills_up_during_a_load(bench: Bench, redis_on_a_small_disk: Running) -> None:
    redis = redis_on_a_small_disk
    grow(redis)
    bench.start_job()
    bench.expect("copy")
    bench.fetch(bench.sent())
    redis.expect("sh", "-c", f"{CLI} set newer here")
    fill(redis, "/data", but=8_000)
    done = bench.ask("load")
    assert done.code == 1
    assert "redis begins to take the copy over again and again, and has what it had" in done.output, (
        done.output
    )
    assert "no space left" in done.output.strip().splitlines()[-1]
    assert redis.expect("sh", "-c", f"{CLI} exists newer big marker").strip() == "3"

    redis.expect("rm", "/data/filler")
    bench.expect("load")
    assert redis.expect("sh", "-c", f"{CLI} exists newer big marker").strip() == "2"
    print(bench.in_words())


def test_a_wrong_password_sends_nothing_and_the_copy_waits_for_the_right_one(
    bench: Bench, redis: Running
) -> None:
    bench.start_job()
    manifest = bench.copy_and_fetch()
    right = bench.sender
    right.stop()
    mistyped = {PASSWORD: bench.trial.file("mistyped", "mistyped")}
    wrong = bench.services.start("backup-sender", files=mistyped)
    log = wrong.final_log(90).strip().splitlines()
    assert log[-1] == "error: the bucket cannot be used: Fatal: wrong password or no key found"
    assert wrong.exit_code() == 1
    grow(redis)
    bench.expect("copy")

    docker("start", right.name)
    newer = bench.copy_and_fetch()
    assert newer != manifest
    assert bench.expect("verify") == newer
    print(bench.in_words())


def test_a_job_that_is_killed_during_a_copy(bench: Bench, redis: Running) -> None:
    job = bench.start_job()
    manifest = bench.copy_and_fetch()
    grow(redis)
    number = bench.order("copy")
    until(lambda: job.exec("test", "-s", "/spool/new/dump.rdb").code == 0, job.log)
    docker("kill", job.name)
    docker("start", job.name)
    assert bench.answer(number) == 0, job.log()
    bench.fetch(bench.sent())
    newer = bench.manifest()
    assert newer != manifest
    assert bench.expect("verify") == newer


def test_a_sender_that_is_killed_while_it_sends(bench: Bench, redis: Running) -> None:
    grow(redis)
    job = bench.start_job()
    sender = bench.sender
    until(lambda: sender.exec("pgrep", "-f", "restic backup").code == 0, sender.log)
    docker("kill", sender.name)
    docker("start", sender.name)
    bench.fetch(bench.sent())
    assert bench.expect("verify") == bench.manifest()
    assert job.exec("test", "-d", "/spool/sending").code != 0
