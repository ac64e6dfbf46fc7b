"""A restore tries the copy first, keeps what it replaces, and leaves no service on a store that is half loaded."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ops.backup.restore import Restore
from ops.errors import Interrupted, OpsError
from tests.unit.ops_backups import HOUR_S, MANIFEST, Backups


@pytest.fixture
def backups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Backups:
    return Backups(monkeypatch, tmp_path)


def restoring(backups: Backups, *stores: str, at: float | None = None, without_copy: bool = False) -> Restore:
    jobs = [job for job in backups.world.jobs if job.store in stores]
    return Restore(backups.world, jobs, at=at, without_copy=without_copy, stable_s=5)


def run(backups: Backups, *stores: str, without_copy: bool = False) -> list[str]:
    warned: list[str] = []
    restoring(backups, *stores, without_copy=without_copy).run(backups.say, warned.append)
    return warned


REDIS = [
    *("fetch redis 00000002", "verify redis", "core 0", "copy redis", "send redis", "load redis", "core 2"),
]


def test_clients_stop_only_while_the_copy_is_loaded(backups: Backups) -> None:
    run(backups, "redis")
    assert backups.done == REDIS
    assert not (backups.redis.spool / "fetched").exists()


def test_a_server_whose_files_are_replaced_stops_after_it_was_copied_and_starts_first(
    backups: Backups,
) -> None:
    run(backups, "minio")
    assert backups.done == [
        *("fetch minio 00000001", "verify minio", "web 0", "copy minio", "send minio"),
        *("minio 0", "load minio", "minio 1", "web 1"),
    ]


def test_several_stores_share_one_stop(backups: Backups) -> None:
    run(backups, "redis", "minio")
    assert backups.scaled == ["core 0", "web 0", "minio 0", "minio 1", "core 2", "web 1"]


def test_what_it_will_do_is_said_before(backups: Backups) -> None:
    (backups.redis.spool / "last").mkdir()
    (backups.redis.spool / "last/about").write_text("1000 20 300\n")
    (backups.redis.spool / "sent").write_text("1000 aaaa 5000000 7\n")
    first, store, stops, keeps = restoring(backups, "redis").warning().splitlines()
    assert first == "restore replaces data of local:"
    assert store.startswith("  redis (server redis): copy of 20") and store.endswith(
        ", 1.0 kB, snapshot 00000002"
    )
    assert stops == "stopped meanwhile, for about 1 min 12 s: core"
    assert keeps == "what is there now is copied to the bucket first"
    assert (
        restoring(backups, "redis", without_copy=True)
        .warning()
        .endswith("what is there now is NOT copied first")
    )


def test_an_older_copy_can_be_named_by_its_time(backups: Backups) -> None:
    import time

    work = restoring(backups, "redis", at=time.time() - 1.5 * HOUR_S)
    assert work.snapshots["redis"].id.startswith("00000000")
    with pytest.raises(OpsError, match="the bucket has no copy of redis from 1970-01-01 00:00:05 UTC or bef"):
        restoring(backups, "redis", at=5)


def test_a_copy_that_is_not_what_was_copied_touches_nothing(backups: Backups) -> None:
    backups.redis.holds[0] = "keys 3 other"
    with pytest.raises(OpsError) as error:
        run(backups, "redis")
    assert str(error.value) == (
        "the copy is not what was copied; nothing was changed\n"
        "  redis: keys: other content than when the copy was made (other, then abc)\n"
        "  redis as before; services that were stopped start again\n"
        "  choose an older one: python -m ops backup list says which there are, --at TIME takes it"
    )
    assert backups.scaled == []


def test_a_disk_without_room_is_said_before_anything_is_fetched(
    backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.backup.spool._FREE", "echo 1")
    backups.world.size = 2_000_000
    with pytest.raises(OpsError, match=r"redis: the copy needs 2.0 MB, and the node's disk has 1.0 kB free"):
        run(backups, "redis")
    assert backups.done == []


def test_a_store_that_cannot_be_copied_is_left_alone_and_the_way_on_is_said(backups: Backups) -> None:
    backups.redis.fails["copy"] = "error: no connection"
    with pytest.raises(OpsError) as error:
        run(backups, "redis")
    assert "redis: not copied: no connection" in error.value.problem
    assert "redis as before; services that were stopped start again" in error.value.problem
    assert "add --without-copy: what is in it is then lost" in error.value.fix
    assert backups.scaled == ["core 0", "core 2"]
    assert "load redis" not in backups.done


def test_without_copy_goes_on_where_nothing_can_be_copied(backups: Backups) -> None:
    backups.redis.fails["copy"] = "error: no connection"
    run(backups, "redis", without_copy=True)
    assert backups.done[-3:] == ["core 0", "load redis", "core 2"]


def test_services_stay_stopped_on_a_store_that_may_be_half_loaded(backups: Backups) -> None:
    backups.redis.fails["load"] = "error: redis did not take the copy over"
    with pytest.raises(OpsError) as error:
        run(backups, "redis")
    assert "redis: not loaded: redis did not take the copy over" in error.value.problem
    assert "a store may be half loaded, so these stay stopped: core" in error.value.problem
    assert "run the same command again" in error.value.fix
    assert "python -m ops deploy --env local" in error.value.fix
    assert backups.replicas()["core"] == 0


def test_the_next_restore_starts_what_the_one_before_left_stopped(backups: Backups) -> None:
    backups.stop("core", "bot")
    work = restoring(backups, "redis")
    assert "stopped by an earlier restore, and started too: bot, core" in work.warning()
    work.run(backups.say, backups.say)
    assert backups.replicas()["core"] == 2
    assert backups.replicas()["bot"] == 1


def test_one_that_ends_before_its_load_starts_nothing_on_what_an_earlier_one_half_loaded(
    backups: Backups,
) -> None:
    backups.stop("core")
    backups.redis.fails["copy"] = "error: no connection"
    with pytest.raises(OpsError, match="but for those that an earlier restore left stopped: core"):
        run(backups, "redis")
    assert backups.replicas()["core"] == 0


def test_a_server_that_the_one_before_left_stopped_is_copied_while_it_runs(backups: Backups) -> None:
    backups.stop("minio")
    run(backups, "minio")
    assert backups.done[2:] == [
        *("web 0", "minio 1", "copy minio", "send minio", "minio 0", "load minio", "minio 1", "web 1"),
    ]


@pytest.mark.parametrize("verb", ["fetch", "verify", "copy", "send"])
def test_ctrl_c_before_the_load_leaves_the_store_as_it_was(backups: Backups, verb: str) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    backups.redis.during[verb] = interrupt
    with pytest.raises(Interrupted) as error:
        run(backups, "redis")
    assert str(error.value) == (
        "interrupted: redis as before; services that were stopped start again\n  run the same command again"
    )
    assert backups.replicas()["core"] == 2
    assert "load redis" not in backups.done


def test_ctrl_c_during_the_load_waits_for_its_end(backups: Backups) -> None:
    backups.redis.during["load"] = lambda: os.kill(os.getpid(), signal.SIGINT)
    warned: list[str] = []
    with pytest.raises(Interrupted, match="interrupted: redis restored; stopped services start again"):
        restoring(backups, "redis").run(backups.say, warned.append)
    assert warned == [
        "Ctrl-C: waiting until redis is loaded and its services start; again leaves them stopped"
    ]
    assert backups.done == REDIS


def test_a_second_ctrl_c_leaves_the_services_stopped(backups: Backups) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

    backups.redis.during["load"] = twice
    with pytest.raises(Interrupted, match="these stay stopped: core"):
        run(backups, "redis")
    assert backups.replicas()["core"] == 0
    backups.redis.during.clear()
    run(backups, "redis")
    assert backups.replicas()["core"] == 2


def test_a_fetch_waits_for_a_load_that_nobody_waits_for_any_more(backups: Backups) -> None:
    (backups.redis.spool / "request").write_text("before load\n")
    run(backups, "redis")
    assert backups.done == ["load redis", *REDIS]


def test_a_copy_that_another_command_fetched_meanwhile_is_not_loaded(backups: Backups) -> None:
    backups.redis.during["send"] = lambda: (backups.redis.spool / "fetch-result").write_text("other 0\n")
    with pytest.raises(OpsError, match="redis: another command fetched another copy meanwhile"):
        run(backups, "redis")
    assert "load redis" not in backups.done
    assert backups.replicas()["core"] == 2


def test_scratch_tries_the_copy_and_stops_nothing(backups: Backups) -> None:
    done = restoring(backups, "redis").try_copies(backups.say, drop=True)
    assert backups.done == ["fetch redis 00000002", "verify redis"]
    assert not (backups.redis.spool / "fetched").exists()
    lines = list(done.lines())
    assert lines[0].endswith("2 lines of its manifest verified")
    assert lines[1] == "  loss window: 1 h"


def test_the_result_says_how_long_each_step_took_and_where_the_old_data_is(backups: Backups) -> None:
    data = restoring(backups, "redis").run(backups.say, backups.say).as_data()
    assert list(data["steps"]) == [
        *("fetch and verify", "stop services", "copy what is there", "stop servers", "load", "start services")
    ]
    assert data["stores"]["redis"]["before"]["snapshot"].startswith("99999999")
    assert data["stores"]["redis"]["loss_seconds"] == 3600
    assert data["stores"]["redis"]["things"] == len(MANIFEST)
