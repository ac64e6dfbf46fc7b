"""A drill finds a copy that is not what was copied, one that is missing, and one that is late."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.backup import listing
from ops.backup.drill import Drill, drill
from ops.backup.manifest import differences
from ops.backup.snapshots import parsed, time_of
from ops.errors import OpsError, WrongUse
from tests.unit.ops_backups import HOUR_S, MANIFEST, Backups


@pytest.fixture
def backups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Backups:
    return Backups(monkeypatch, tmp_path)


def drilled(backups: Backups) -> Drill:
    return drill(backups.world, backups.world.jobs, backups.say)


def problems(found: Drill) -> dict[str, tuple[str, ...]]:
    return {each.store: each.problems for each in found.stores if each.problems}


def test_all_copies_are_equal_and_nothing_stops(backups: Backups) -> None:
    found = drilled(backups)
    assert (found.failed, problems(found)) == (False, {})
    assert sorted(backups.done) == [
        *("fetch minio 00000001", "fetch redis 00000002", "verify minio", "verify redis")
    ]
    lines = list(found.lines())
    assert lines[1].split()[-4:] == ["equal", "in", "2", "lines"]
    assert lines[-1] == "recovery time: 2 s; largest loss window: 3 h"
    assert not (backups.redis.spool / "fetched").exists()


def test_a_stand_in_is_named_and_no_finding(backups: Backups) -> None:
    why = backups.make_stand_in("redis")
    backups.world.copies = [("minio", HOUR_S)]
    found = drilled(backups)
    assert (found.failed, problems(found)) == (False, {})
    assert sorted(backups.done) == ["fetch minio 00000000", "verify minio"]
    (line,) = (line for line in found.lines() if line.startswith("redis"))
    assert line.endswith(f"not copied: {why}")
    assert found.as_data()["stores"][1]["not_copied"] == why
    assert listed(backups) == {"minio": "ok", "redis": f"not copied: {why}"}


def test_a_changed_row_is_red_and_named(backups: Backups) -> None:
    backups.redis.holds[1] = "documents 1 xyz"
    found = drilled(backups)
    assert found.failed
    assert problems(found) == {
        "redis": ("documents: other content than when the copy was made (xyz, then def)",)
    }
    assert "  ! redis: documents: other content than when the copy was made (xyz, then def)" in list(
        found.lines()
    )


def test_a_copy_that_no_server_reads_is_a_difference(backups: Backups) -> None:
    backups.redis.fails["verify"] = "error: no server can load the copy"
    assert problems(drilled(backups)) == {"redis": ("the copy cannot be read: no server can load the copy",)}


def test_a_late_copy_is_a_finding_although_it_can_be_read(backups: Backups) -> None:
    backups.world.copies = [("redis", 26.1 * HOUR_S), ("minio", 25.9 * HOUR_S)]
    assert problems(drilled(backups)) == {"redis": ("late: a copy is due every 1 d",)}


def test_a_store_without_a_copy_and_a_job_that_does_not_run_are_findings(backups: Backups) -> None:
    backups.world.copies = [("minio", HOUR_S)]
    backups.tasks.down.add("minio-backup")
    found = problems(drilled(backups))
    assert found["redis"][0].startswith("the bucket has no copy of redis")
    assert found["minio"][0].startswith("minio-backup does not run")


def test_a_fetch_that_fails_says_the_bucket_s_reason(backups: Backups) -> None:
    backups.redis.fails["fetch"] = "Fatal: wrong password or no key found"
    assert problems(drilled(backups))["redis"][0].startswith(
        "redis: the copy was not fetched: Fatal: wrong password or no key found\n  the secret restic-password"
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (MANIFEST, []),
        (["loading ...", *MANIFEST, "bye"], []),
        (["keys 3 abc"], ["documents: not in the copy"]),
        ([*MANIFEST, "more 1 a"], ["more: in the copy, and not when it was made"]),
        (["keys 2 zzz", "documents 1 def"], ["keys: 2, and 3 when the copy was made"]),
    ],
)
def test_manifests_are_compared_line_by_line(found: list[str], said: list[str]) -> None:
    assert differences(MANIFEST, found) == said


def test_nothing_to_compare_is_no_success() -> None:
    assert differences([], MANIFEST) == ["the copy has no manifest, so nothing can be compared"]


def test_names_in_a_manifest_may_have_blanks() -> None:
    assert differences(["my bucket/a b 1 x"], ["my bucket/a b 1 y"]) == [
        "my bucket/a b: other content than when the copy was made (y, then x)"
    ]


def listed(backups: Backups) -> dict[str, str]:
    found = listing.listed(backups.world, backups.world.jobs, states=True)
    return {each.name: each.row[-1] for each in found}


def test_the_list_has_each_store_s_last_copy(backups: Backups) -> None:
    spool = backups.redis.spool
    (spool / "last").mkdir()
    (spool / "last/about").write_text("1000 20 300\n")
    (spool / "sent").write_text("1000 00000002 5000000 7\n")
    backups.world.copies.append(("state-local-services", 99 * HOUR_S))
    found = listing.listed(backups.world, backups.world.jobs, states=True)
    by_name = {each.name: each for each in found}
    assert by_name["redis"].row[1] == "2"
    assert by_name["redis"].row[3:] == ("1 h", "1.0 kB", "20 s + 2 s", "ok")
    assert by_name["minio"].row[3:] == ("3 h", "1.0 kB", "2 s", "ok")
    assert by_name["state-local-services"].problem == ""
    lines = list(listing.lines(found, each=True))
    assert len([line for line in lines if line.startswith("  ")]) == 4


def test_the_list_says_what_is_late_missing_or_failed(backups: Backups) -> None:
    assert listed(backups) == {"minio": "ok", "redis": "ok"}
    backups.world.copies = [("minio", 30 * HOUR_S)]
    assert listed(backups) == {"minio": "late: a copy is due every 1 d", "redis": "no copy"}
    backups.world.copies = [("minio", HOUR_S), ("redis", HOUR_S)]
    (backups.redis.spool / "failed").write_text("60 no connection\n")
    (backups.stores["minio"].spool / "send-failed").write_text("120 wrong password\n")
    assert listed(backups) == {
        "redis": "copy failed 1970-01-01 00:01:00 UTC: no connection",
        "minio": "not sent 1970-01-01 00:02:00 UTC: wrong password",
    }
    backups.tasks.down.add("redis-backup")
    assert listed(backups)["redis"] == "redis-backup does not run, and nothing else copies redis"


def test_times_are_utc_unless_they_say_otherwise() -> None:
    assert time_of("latest") is None
    assert time_of("1970-01-01T00:01") == 60
    assert time_of("1970-01-01T01:01+01:00") == 60
    with pytest.raises(WrongUse, match=r"--at yesterday: not a time\n  use latest, or a time such as"):
        time_of("yesterday")


def test_a_list_that_is_none_is_an_error() -> None:
    with pytest.raises(OpsError, match="restic's list of snapshots cannot be read: 'unable to open'"):
        parsed("unable to open")
