"""Stores are copied on request, and what goes wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.backup import copies, side_by_side
from ops.backup.jobs import Job, chosen, jobs_of, restorable
from ops.errors import OpsError, WrongUse
from ops.model.inventory import from_synthesis
from ops.model.services import services_of
from ops.swarm.containers import Finished
from tests.unit.ops_backups import Backups, stack_with_backups


@pytest.fixture
def backups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Backups:
    return Backups(monkeypatch, tmp_path)


def test_jobs_are_found_with_what_they_stop(backups: Backups) -> None:
    minio, redis = backups.world.jobs
    assert redis == Job(
        store="redis",
        service="redis-backup",
        sender="backup-sender",
        server="redis",
        every_s=86400,
        stops_server=False,
        clients=("core",),
    )
    assert (minio.store, minio.stops_server, minio.clients) == ("minio", True, ("web",))


def test_a_store_outside_of_the_swarm_stops_the_application_and_nothing_else() -> None:
    """No network tells who connects to it; what else does, such as its keeper and the collectors, goes on."""
    document = stack_with_backups()
    job = document["resource"]["docker_service"]["redis_backup"]
    job["labels"] = [each for each in job["labels"] if each["label"] != "backup.server"]
    redis = next(job for job in jobs_of(services_of(from_synthesis(document))) if job.store == "redis")
    assert (redis.server, redis.clients) == ("", ("bot", "core", "web"))


def test_a_store_that_is_not_there_is_wrong_use(backups: Backups) -> None:
    with pytest.raises(WrongUse, match=r"local has no backups of a store 'mongo'\n  use one of minio, redis"):
        chosen(backups.world.jobs, ["redis", "mongo"], "local")
    assert [job.store for job in chosen(backups.world.jobs, ["redis", "redis"], "local")] == ["redis"]
    with pytest.raises(OpsError, match="local has no store with a backup"):
        chosen([], [], "local")


def test_all_stores_are_copied_at_once_and_sent(backups: Backups) -> None:
    done, errors = copies.back_up(backups.world, backups.world.jobs, backups.say)
    assert errors == {}
    assert {name: (copy.bytes, copy.snapshot[:8]) for name, copy in done.items()} == {
        "minio": (5_000_000, "99999999"),
        "redis": (5_000_000, "99999999"),
    }
    assert backups.done == ["copy redis", "send redis", "copy minio", "send minio"]
    assert backups.said[0] == "minio: copying; redis: copying"
    assert done["redis"].row[:3] == ("redis", "5.0 MB", "1 s")


def test_a_stand_in_is_neither_copied_nor_a_failure(backups: Backups) -> None:
    why = backups.make_stand_in("redis")
    backups.redis.fails["copy"] = "influx: not found"
    done, errors = copies.back_up(backups.world, backups.world.jobs, backups.say)
    assert (list(done), errors) == (["minio"], {})
    assert backups.world.jobs[1].skips == why


def test_a_stand_in_has_nothing_to_restore(backups: Backups) -> None:
    backups.make_stand_in("redis")
    assert [job.store for job in restorable(backups.world.jobs, [], "local")] == ["minio"]
    with pytest.raises(
        OpsError,
        match=r"nothing can be restored: redis is a stand-in here, which keeps nothing\n  images/README.md",
    ):
        restorable(backups.world.jobs, ["redis"], "local")
    backups.make_stand_in("minio")
    with pytest.raises(OpsError, match="minio is a stand-in here, which keeps nothing; redis is a stand-in"):
        restorable(backups.world.jobs, [], "local")


def test_one_that_fails_stops_no_other(backups: Backups) -> None:
    backups.redis.fails["copy"] = "Could not connect to Redis at redis:6379: Name does not resolve"
    done, errors = copies.back_up(backups.world, backups.world.jobs, backups.say)
    assert list(done) == ["minio"]
    assert str(errors["redis"]) == (
        "redis: not copied: Could not connect to Redis at redis:6379: Name does not resolve; the last copy is still there\n"
        "  docker service logs redis-backup has the rest; docs/runbooks/backup-and-restore.md"
    )


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("Fatal: wrong password or no key found", "the secret restic-password is not that"),
        ("dial tcp: lookup backup-store: no such host", "the server of backups/endpoint does not answer"),
        ("The Access Key Id you provided does not exist", "the secrets backup-access-key and"),
        ("The specified bucket does not exist", "backups/bucket in the environment's file does not exist"),
        ("something else", "docker service logs backup-sender has the rest"),
    ],
)
def test_a_copy_that_was_not_sent_says_why_and_what_to_do(backups: Backups, reason: str, advice: str) -> None:
    backups.redis.fails["send"] = reason
    error = failure(backups)
    assert error.problem == (f"redis: copied, and not sent: {reason}; backup-sender tries again every minute")
    assert error.fix.startswith(advice)


def test_an_old_failure_of_the_sender_is_not_that_of_this_copy(backups: Backups) -> None:
    (backups.redis.spool / "send-failed").write_text("1000 bucket away")
    assert list(copies.back_up(backups.world, backups.world.jobs[1:], backups.say)[0]) == ["redis"]


def test_a_full_disk_is_said_in_the_job_s_words(backups: Backups) -> None:
    backups.redis.fails["copy"] = "error: the disk of the spool has 10 KiB free; the last copy took 900 KiB"
    error = failure(backups)
    assert error.problem.startswith("redis: not copied: the disk of the spool has 10 KiB free")
    assert error.fix.startswith("make room on the node")


@pytest.mark.parametrize(
    ("service", "does"),
    [("redis-backup", "copies redis"), ("backup-sender", "sends copies of redis")],
)
def test_a_service_that_does_not_run_is_named(backups: Backups, service: str, does: str) -> None:
    backups.tasks.down.add(service)
    assert str(failure(backups)) == (
        f"{service} does not run, and nothing else {does}\n"
        f"  docker service ps --no-trunc {service} says why; a deploy starts it: python -m ops deploy --env local"
    )
    assert backups.done == []


def test_a_job_that_restarts_meanwhile_goes_on(backups: Backups) -> None:
    backups.redis.deaf.add("copy")
    work = copies.copied(backups.world.spool(backups.world.jobs[1]))
    assert next(work) == "copying"
    backups.tasks.down.add("redis-backup")
    assert next(work) == "waiting for a task of redis-backup"
    backups.tasks.down.clear()
    backups.redis.deaf.clear()
    done, errors = side_by_side.side_by_side({"redis": work}, backups.say)
    assert (list(done), errors) == (["redis"], {})


def test_a_job_that_stays_away_is_given_up(backups: Backups) -> None:
    backups.redis.deaf.add("copy")
    work = copies.copied(backups.world.spool(backups.world.jobs[1]))
    next(work)
    backups.tasks.down.add("redis-backup")
    _, errors = side_by_side.side_by_side({"redis": work}, backups.say)
    assert errors["redis"].problem == "redis-backup does not run, and nothing else copies redis"
    assert 120 < backups.clock.now < 125


def test_a_request_waits_for_the_one_before(backups: Backups) -> None:
    (backups.redis.spool / "request").write_text("other verify\n")
    done, _ = copies.back_up(backups.world, backups.world.jobs[1:], backups.say)
    assert list(done) == ["redis"]
    assert backups.said[0] == "redis: waiting for another request"
    assert backups.done == ["verify redis", "copy redis", "send redis"]


def test_an_answer_that_another_command_s_replaced_is_no_success(backups: Backups) -> None:
    work = copies.copied(backups.world.spool(backups.world.jobs[1]))
    next(work)
    (backups.redis.spool / "request").unlink()
    (backups.redis.spool / "result").write_text("other 0\n")
    _, errors = side_by_side.side_by_side({"redis": work}, backups.say)
    assert errors["redis"].problem.startswith("redis: the answer of redis-backup is lost")


def test_one_reading_without_the_request_is_no_lost_answer(
    backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine under load lost the first line of one."""
    whole = backups.tasks.run
    lost: list[str] = []

    def run(container: str, *words: str) -> Finished:
        done = whole(container, *words)
        if not lost and done.output.startswith("request "):
            first, _, rest = done.output.partition("\n")
            lost.append(first)
            return Finished(code=done.code, output=rest)
        return done

    monkeypatch.setattr(backups.tasks, "run", run)
    done, errors = copies.back_up(backups.world, backups.world.jobs[1:], backups.say)
    assert list(done) == ["redis"] and errors == {} and len(lost) == 1


def test_a_reading_without_its_end_is_repeated(backups: Backups, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = backups.tasks.run
    cut: list[str] = []

    def run(container: str, *words: str) -> Finished:
        done = whole(container, *words)
        if not cut and done.output.endswith("end\n"):
            cut.append(done.output)
            return Finished(code=done.code, output=done.output.removesuffix("end\n"))
        return done

    monkeypatch.setattr(backups.tasks, "run", run)
    assert backups.world.spool(backups.world.jobs[1]).state("job") == {}
    assert len(cut) == 1


def failure(backups: Backups) -> OpsError:
    done, errors = copies.back_up(backups.world, backups.world.jobs[1:], backups.say)
    assert done == {}
    return errors["redis"]
