"""A change of a store's version: checked first, copied, made, compared, and undone or finished by the next run wherever it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.errors import Interrupted, OpsError, Refused, WrongUse
from ops.swarm.containers import Finished
from ops.upgrade.change import change_of
from ops.upgrade.run import _change, removed, start_cut_off
from ops.upgrade.upgrade import Upgrade
from ops.upgrade.upgraded import Upgraded
from tests.unit.upgrade_scene import NEW, OLD, UpgradeScene


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> UpgradeScene:
    return UpgradeScene(monkeypatch, tmp_path)


def work(scene: UpgradeScene, store: str, *, at: float | None = None, without_copy: bool = False) -> Upgrade:
    change = _change(scene.as_world(), store)
    assert change is not None
    return Upgrade(scene.as_world(), change, at=at, without_copy=without_copy, stable_s=3, parallelism=1)


def upgraded(
    scene: UpgradeScene, store: str, *, at: float | None = None, without_copy: bool = False
) -> Upgraded:
    found = work(scene, store, at=at, without_copy=without_copy)
    found.check()
    return found.run()


def acknowledged(scene: UpgradeScene, store: str = "postgres") -> UpgradeScene:
    names = {"postgres": ("17", "18"), "redis": ("7", "8"), "rabbitmq": ("4.0", "4.1")}
    scene.acknowledge(store, *names[store])
    return scene


def copied(store: str) -> list[str]:
    return [f"copy {store}", f"send {store}", f"fetch {store} 99999999", f"verify {store}"]


# -- forward, with a directory of its own --------------------------------------------------------------------------


def test_postgres_gets_a_directory_beside_the_old_one_and_its_clients_only_when_it_has_the_data(
    scene: UpgradeScene,
) -> None:
    done = upgraded(acknowledged(scene), "postgres")
    assert scene.done == [
        *copied("postgres"),
        *("postgres-client 0", "postgres-keeper 0"),
        *copied("postgres"),
        *("remove 18", "allow 18 99999999ffff" + "e" * 52, "services apply", "load postgres", "finish"),
        "postgres-client 1",
    ]
    (_, targets) = scene.terraform.planned[-1]
    assert targets == (
        *("docker_service.postgres", "docker_service.postgres_backup"),
        *("docker_service.postgres_keeper", "terraform_data.postgres_version"),
    )
    assert (scene.directories.uses, sorted(scene.directories.kib)) == ("18", ["17", "18"])
    assert done.away_s > 0
    assert "the directory of 17 is kept; --remove-old removes it" in done.notes
    assert "remove the entry postgres from 17 to 18 from environments/acknowledged/local.yaml" in done.notes


def test_what_it_will_do_is_said_before(scene: UpgradeScene) -> None:
    spool = scene.stores["postgres"].spool
    (spool / "last").mkdir()
    (spool / "last/about").write_text("1000 20 300\n")
    (spool / "sent").write_text("1000 aaaa 5000000 7\n")
    shown = "\n".join(work(acknowledged(scene), "postgres").intent().lines("local"))
    assert shown.startswith("postgres in local: postgres 17.11 -> 18.6\n  it takes dump and restore")
    assert "  acknowledged until 9999-12-31: a test\n  directory of 17: 1.0 MB, has the data" in shown
    assert (
        "  4. start postgres 18.6 with a directory of its own, beside the one of 17, which stays, closed to"
        in shown
    )
    assert "away meanwhile, for about 3 min 27 s: postgres-client, postgres-keeper, postgres\n" in shown
    assert scene.done == []


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (lambda scene: None, "17.11 -> postgres 18.6, an upgrade to another major version"),
        (
            lambda scene: setattr(scene.directories, "free", 1000),
            "a second directory beside the one of 17 needs 1.1 MB, and its disk has 1.0 MB free",
        ),
        (
            lambda scene: setattr(scene.directories, "tables", 2),
            "the superuser's own database has 2 tables, which no copy has",
        ),
    ],
)
def test_what_is_in_the_way_is_said_before_anything_stops(
    scene: UpgradeScene, broken: Callable[[UpgradeScene], None], what: str
) -> None:
    broken(scene)
    with pytest.raises(Refused, match="postgres is not changed") as error:
        upgraded(scene, "postgres")
    assert what in str(error.value)
    assert "an entry under upgrades in environments/acknowledged/local.yaml" in str(error.value)
    assert scene.done == []


def test_a_step_that_upstream_does_not_support_is_refused_although_it_is_acknowledged(
    scene: UpgradeScene,
) -> None:
    scene.recorded({**OLD, "redis": "6.2.1"})
    scene.acknowledge("redis", "6", "8")
    with pytest.raises(
        Refused, match="upstream supports an upgrade to 8 from 7 only, so deploy one of those first"
    ):
        upgraded(scene, "redis")


def test_databases_that_no_copy_has_end_it_before_anything_stops(scene: UpgradeScene) -> None:
    store = scene.stores["postgres"]
    store.during["verify"] = lambda: (store.spool / "fetched/not-copied").write_text("by_hand\n")
    with pytest.raises(OpsError, match="would lack it: by_hand\n  postgres is as before"):
        upgraded(acknowledged(scene), "postgres")
    assert scene.scaled == [] and "services apply" not in scene.done


@pytest.mark.parametrize("verb", ["copy", "verify"])
def test_ctrl_c_before_the_change_leaves_everything_as_it_was(scene: UpgradeScene, verb: str) -> None:
    def interrupt() -> None:
        if "postgres-client 0" in scene.done:
            raise KeyboardInterrupt

    scene.stores["postgres"].during[verb] = interrupt
    with pytest.raises(Interrupted, match="interrupted: postgres is as before\n  run the same command again"):
        upgraded(acknowledged(scene), "postgres")
    assert "services apply" not in scene.done
    assert set(scene.replicas().values()) == {1}


def test_a_copy_that_fails_after_the_stop_starts_everything_again(scene: UpgradeScene) -> None:
    def fail() -> None:
        if "postgres-client 0" in scene.done:
            scene.stores["postgres"].fails["copy"] = "error: no connection"

    scene.stores["postgres"].during["copy"] = fail
    with pytest.raises(OpsError, match="postgres: not copied: no connection"):
        upgraded(acknowledged(scene), "postgres")
    assert set(scene.replicas().values()) == {1}


def test_a_load_that_fails_leaves_clients_stopped_and_the_next_run_goes_on_from_its_copy(
    scene: UpgradeScene,
) -> None:
    scene.stores["postgres"].fails["load"] = "error: no space left on device"
    with pytest.raises(OpsError) as error:
        upgraded(acknowledged(scene), "postgres")
    assert "postgres: not loaded: no space left on device" in str(error.value)
    assert "these stay stopped: postgres-client, postgres-keeper" in str(error.value)
    assert "give it up: name 17.11 in the files again, then run the same command" in str(error.value)
    assert scene.replicas()["postgres-client"] == 0
    assert scene.directories.begun.startswith("17 18 99999999ffff")

    # The state has the new version already, and nobody is asked for the acknowledgement again.
    scene.done.clear()
    del scene.stores["postgres"].fails["load"]
    (scene.folder / "acknowledged" / "local.yaml").unlink()
    steps = "\n".join(work(scene, "postgres").intent().lines("local"))
    assert (
        "  1. stop postgres-client" in steps
        and "  2. fetch the copy that an earlier run was about to load" in steps
    )
    upgraded(scene, "postgres")
    assert scene.done == [
        "postgres-keeper 0",
        *copied("postgres")[2:],
        *("load postgres", "finish", "postgres-client 1", "postgres-keeper 1"),
    ]
    assert _change(scene.as_world(), "postgres") is None


def test_ctrl_c_during_the_load_is_the_same(scene: UpgradeScene) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    scene.stores["postgres"].during["load"] = interrupt
    with pytest.raises(Interrupted, match="postgres may not have its data yet, so these stay stopped"):
        upgraded(acknowledged(scene), "postgres")
    del scene.stores["postgres"].during["load"]
    upgraded(scene, "postgres")
    assert scene.directories.uses == "18"


def test_a_run_that_was_killed_at_the_very_end_is_finished_too(scene: UpgradeScene) -> None:
    scene.recorded(NEW)
    scene.directories.kib["18"] = 1000
    scene.directories.runs = scene.directories.uses = "18"
    scene.directories.closed = True
    scene.stop("postgres-client")
    upgraded(scene, "postgres")
    assert scene.done == ["postgres-keeper 0", "finish", "postgres-client 1", "postgres-keeper 1"]


def test_a_new_version_that_does_not_start_leaves_the_old_one_to_go_on(scene: UpgradeScene) -> None:
    scene.terraform.error = "task: non-zero exit (1)"
    scene.terraform.on_apply = lambda: None  # the swarm has put the old image back
    with pytest.raises(OpsError) as error:
        upgraded(acknowledged(scene), "postgres")
    assert "postgres 17.11 runs again and has its data; what was stopped starts again" in str(error.value)
    assert scene.done[-3:] == ["cancel", "postgres-client 1", "postgres-keeper 1"]
    assert scene.directories.begun == ""


def test_one_that_neither_starts_nor_goes_back_leaves_clients_stopped(scene: UpgradeScene) -> None:
    scene.terraform.error = "timeout"
    with pytest.raises(OpsError, match="these stay stopped"):
        upgraded(acknowledged(scene), "postgres")
    assert scene.replicas()["postgres-client"] == 0


def test_an_upgrade_is_given_up_by_the_old_version_in_the_files(scene: UpgradeScene) -> None:
    scene.stores["postgres"].fails["load"] = "error: broken"
    with pytest.raises(OpsError):
        upgraded(acknowledged(scene), "postgres")
    scene.done.clear()
    scene.declare({**NEW, "postgres": "17.11"})
    steps = "\n".join(work(scene, "postgres").intent().lines("local"))
    assert "  2. start postgres 17.11, which still has the data" in steps
    upgraded(scene, "postgres")
    assert scene.done == ["postgres-keeper 0", "services apply", "cancel", "postgres-client 1"]
    assert (scene.directories.runs, scene.directories.begun) == ("17", "")


# -- back ----------------------------------------------------------------------------------------------------------


def on_the_way_back(scene: UpgradeScene) -> UpgradeScene:
    scene.recorded(NEW)
    scene.declare({**NEW, "postgres": "17.11", "redis": "7.4.1"})
    scene.directories.runs = scene.directories.uses = "18"
    scene.directories.kib["18"] = 1000
    return scene


def test_the_way_back_is_the_old_directory_after_a_copy_of_what_there_is(scene: UpgradeScene) -> None:
    on_the_way_back(scene).acknowledge("postgres", "18.6", "17.11")
    upgraded(scene, "postgres")
    assert scene.done == [
        *("postgres-client 0", "postgres-keeper 0", "copy postgres", "send postgres"),
        *("allow 17 -", "services apply", "finish", "postgres-client 1"),
    ]
    assert scene.directories.uses == "17"


def test_a_server_too_broken_to_be_copied_can_be_left_too(scene: UpgradeScene) -> None:
    on_the_way_back(scene).acknowledge("postgres", "18.6", "17.11")
    upgraded(scene, "postgres", without_copy=True)
    assert "copy postgres" not in scene.done


def test_without_the_old_directory_the_copy_must_be_named(scene: UpgradeScene) -> None:
    on_the_way_back(scene).acknowledge("postgres", "18.6", "17.11")
    del scene.directories.kib["17"]
    with pytest.raises(Refused, match="starts empty and loads a copy\n    name a copy with --at TIME"):
        upgraded(scene, "postgres")
    scene.upgrades.copies = [("postgres", 7200.0), ("postgres", 60.0)]
    upgraded(scene, "postgres", at=time.time() - 3600)
    assert scene.done == [
        *("fetch postgres 00000000", "verify postgres", "postgres-client 0", "postgres-keeper 0"),
        *("copy postgres", "send postgres", "fetch postgres 00000000", "verify postgres"),
        *("remove 17", "allow 17 00000000" + "e" * 56, "services apply", "load postgres", "finish"),
        "postgres-client 1",
    ]


def test_an_older_version_in_place_starts_empty_and_loads_a_copy(scene: UpgradeScene) -> None:
    on_the_way_back(scene).acknowledge("redis", "8.2.9", "7.4.1")
    scene.upgrades.copies = [("redis", 7200.0), ("redis", 60.0)]
    done = upgraded(scene, "redis", at=time.time() - 3600)
    assert scene.done[-6:] == [
        *("verify redis", "redis 0", "set-aside redis-data:/data .set-aside-8.2.9", "services apply"),
        *("load redis", "redis-client 1"),
    ]
    assert any(note.startswith("what redis 8.2.9 had is in /data/.set-aside-8.2.9-") for note in done.notes)


def test_what_cannot_be_set_aside_ends_it(scene: UpgradeScene) -> None:
    on_the_way_back(scene).acknowledge("redis", "8.2.9", "7.4.1")
    scene.upgrades.copies = [("redis", 7200.0)]
    scene.server_tasks.api.code = 1
    with pytest.raises(OpsError, match="was not set aside: error: a server has /data open"):
        upgraded(scene, "redis", at=time.time() - 3600)
    assert "services apply" not in scene.done


# -- in place ------------------------------------------------------------------------------------------------------


def test_a_version_that_converts_its_data_is_compared_with_the_copy_before(scene: UpgradeScene) -> None:
    upgraded(acknowledged(scene, "redis"), "redis")
    assert scene.done == [
        *copied("redis"),
        *("redis-client 0", "redis-keeper 0"),
        *copied("redis"),
        "services apply",
        *copied("redis"),
        "redis-client 1",
    ]


def test_what_is_missing_afterwards_keeps_the_clients_stopped(
    scene: UpgradeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["keys 0 abc", "documents 1 def"]

    def emptied() -> None:
        scene._applied()
        monkeypatch.setattr("tests.unit.ops_backups.MANIFEST", lines)
        scene.stores["redis"].holds = lines

    scene.terraform.on_apply = emptied
    with pytest.raises(OpsError) as error:
        upgraded(acknowledged(scene, "redis"), "redis")
    assert (
        "redis does not have what it had before\n  keys: 0, and 3 before\n  redis may not have its data yet"
        in str(error.value)
    )
    assert scene.replicas()["redis-client"] == 0
    # The same command again does not start them on it.
    assert _change(scene.as_world(), "redis") is None
    with pytest.raises(OpsError) as error:
        start_cut_off(scene.as_world(), "redis", plan_only=False, stable_s=3)
    assert "ended before it had compared the data; stopped: redis-client" in str(error.value)
    assert "python -m ops restore --env local --store redis --at TIME puts a copy back" in str(error.value)
    assert scene.replicas()["redis-client"] == 0


def test_a_run_that_was_killed_while_clients_started_starts_them(scene: UpgradeScene) -> None:
    scene.recorded(NEW)
    scene.directories.runs = scene.directories.uses = "18"
    scene.stop("postgres-client")
    assert _change(scene.as_world(), "postgres") is None
    start_cut_off(scene.as_world(), "postgres", plan_only=False, stable_s=3)
    assert scene.replicas()["postgres-client"] == 1


def test_a_server_that_an_earlier_run_stopped_starts_first(scene: UpgradeScene) -> None:
    on_the_way_back(scene).acknowledge("redis", "8.2.9", "7.4.1")
    scene.upgrades.copies = [("redis", 7200.0)]
    scene.stop("redis", "redis-client")
    upgraded(scene, "redis", at=time.time() - 3600)
    assert scene.done[0] == "redis 1"
    assert scene.replicas()["redis-client"] == 1


def test_a_store_without_major_versions_needs_no_acknowledgement_and_every_object(
    scene: UpgradeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgraded(scene, "minio")
    assert scene.done[-1] == "minio-client 1"
    assert scene.done.count("copy minio") == 3


def test_rabbitmq_s_feature_flags_come_first(scene: UpgradeScene) -> None:
    upgraded(acknowledged(scene, "rabbitmq"), "rabbitmq")
    assert scene.done[0] == "enable feature flags"
    assert "services apply" in scene.done


# -- what is kept --------------------------------------------------------------------------------------------------


def test_the_old_directory_is_removed_when_it_is_asked_for(scene: UpgradeScene) -> None:
    upgraded(acknowledged(scene), "postgres")
    assert removed(scene.as_world(), "postgres") == ["postgres: the directory of 17 is removed"]
    assert removed(scene.as_world(), "postgres") == ["postgres: nothing is kept"]
    assert list(scene.directories.kib) == ["18"]


def test_nothing_is_removed_while_an_upgrade_is_not_finished(scene: UpgradeScene) -> None:
    scene.directories.begun = "17 18 0123abcd"
    with pytest.raises(OpsError, match="a change from 17 to 18 is not finished; nothing was removed"):
        removed(scene.as_world(), "postgres")


# -- which store ---------------------------------------------------------------------------------------------------


def test_a_store_that_has_its_version_has_no_change(scene: UpgradeScene) -> None:
    scene.declare(OLD)
    assert change_of(scene.as_world(), scene.terraform.state(), "redis") is None
    assert _change(scene.as_world(), "postgres") is None


def test_one_that_there_is_not_is_wrong_use(scene: UpgradeScene) -> None:
    with pytest.raises(
        WrongUse, match="local has no store 'redsi' whose server is in the swarm and is backed up"
    ):
        change_of(scene.as_world(), scene.terraform.state(), "redsi")


def test_a_reading_that_does_not_come_whole_is_repeated(scene: UpgradeScene) -> None:
    scene.directories.cut_off = 2
    found = work(acknowledged(scene), "postgres").intent().found
    assert found is not None and found.bytes == {"17": 1_024_000}


def test_a_server_from_before_there_were_directories_is_deployed_first(
    scene: UpgradeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Finished(code=2, output="/bin/sh: 0: cannot open /etc/sprocket/upgrade.sh: No such file")
    monkeypatch.setattr(scene.directories, "answer", lambda *words: said)
    with pytest.raises(OpsError, match="deploy these files once with the image that it has now"):
        work(scene, "postgres")
