"""When copies are made, kept, sent again and checked: the scripts of the job and the sender, run with programs that only note."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from layers.backup.backups import HERE
from layers.rendering import render

DAY_S = 86_400
WEEK_S = 7 * DAY_S


class Script:
    """A rendered script up to its loop, with folders of the test and a restic that notes what it is asked for.

    Args:
        spool: folder of copies, also where a template names one itself.
    """

    def __init__(self, folder: Path, template: str, *, spool: str = "/spool", **values: object) -> None:
        self._folder = folder
        text = render(HERE / template, spool=spool, **values)
        functions, loop, _ = text.partition("\n# pause SECONDS")
        assert loop, f"{template} has another end"
        self._text = functions.replace("spool=/spool\n", f"spool={spool}\n")
        self.restic("true")

    def restic(self, does: str) -> None:
        """What the program does after it has noted its words."""
        program = self._folder / "restic"
        program.write_text(f'#!/bin/sh\necho "$*" >> {self._folder}/asked\n{does}\n')
        program.chmod(0o755)

    def run(self, command: str, now: float | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command after the functions; ``now`` is the time that it sees, in seconds since 1970."""
        (self._folder / "asked").write_text("")
        clock = self._folder / "date"
        clock.write_text(f"#!/bin/sh\necho {int(now if now is not None else time.time())}\n")
        clock.chmod(0o755)
        return subprocess.run(
            ["/bin/sh", "-c", f"{self._text}\n{command}"],
            env={"PATH": f"{self._folder}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    @property
    def asked(self) -> list[str]:
        """Words that restic got."""
        return (self._folder / "asked").read_text().splitlines()


def sender_values(folder: Path, *, user: str, group: str) -> dict[str, Any]:
    """For a sender of Redis' copies alone."""
    return {
        "repository": "s3:http://b/c",
        "region": "r",
        "password": folder / "password",
        "keys": folder / "keys",
        "state": folder / "state",
        "status": folder,
        "spool": str(folder / "spool"),
        "names": "redis",
        "stores": [{"name": "redis", "every": DAY_S, "user": user, "group": group, "skips": ""}],
        "makes": True,
        "retention": {"daily": 7, "weekly": 5, "monthly": 12},
    }


@pytest.fixture
def sender(tmp_path: Path) -> Script:
    (tmp_path / "state").mkdir()
    (tmp_path / "spool" / "redis").mkdir(parents=True)
    return Script(tmp_path, "sender.sh.j2", **sender_values(tmp_path, user="0", group="0"))


def test_two_days_and_the_declared_days_weeks_and_months_are_kept(sender: Script, tmp_path: Path) -> None:
    copy = tmp_path / "spool" / "redis" / "copy"
    copy.mkdir()
    (copy / "about").write_text("1000 1 1\n")
    assert sender.run("send redis", now=2000).returncode == 0
    (forget,) = (words for words in sender.asked if words.startswith("forget"))
    assert (
        "--tag redis --group-by host,tags --keep-within 2d --keep-daily 7 --keep-weekly 5 --keep-monthly 12"
        in forget
    )


def test_a_copy_that_cannot_be_sent_waits(sender: Script, tmp_path: Path) -> None:
    here = tmp_path / "spool" / "redis"
    (here / "copy").mkdir()
    (here / "copy" / "about").write_text("1000 1 1\n")
    sender.restic("exit 1")
    assert sender.run("send redis", now=2000).returncode == 1
    assert (here / "sending" / "about").exists() and (here / "send-failed").exists()
    sender.restic("true")
    assert sender.run("send redis", now=2060).returncode == 0
    assert (here / "last" / "about").exists() and not (here / "send-failed").exists()


def test_once_a_week_the_bucket_is_pruned_checked_and_a_twentieth_read_back(sender: Script) -> None:
    began = 10 * WEEK_S
    sender.run("weekly", now=began)
    assert [words.split()[0] for words in sender.asked] == ["prune", "check"]
    assert "--read-data-subset=5%" in sender.asked[1]
    sender.run("weekly", now=began + WEEK_S - 1)
    assert sender.asked == []
    sender.run("weekly", now=began + WEEK_S)
    assert len(sender.asked) == 2


def test_a_check_that_fails_is_reported_and_tried_again(sender: Script, tmp_path: Path) -> None:
    sender.restic('[ "$1" != check ]')
    sender.run("weekly; report_all", now=10 * WEEK_S)
    (line,) = tmp_path.glob("*.line")
    assert ",failed=1i" in line.read_text().splitlines()[-1]
    sender.run("weekly", now=10 * WEEK_S + 60)
    assert sender.asked != []


@pytest.mark.parametrize(("later_s", "overdue"), [(DAY_S + 7199, -1), (DAY_S + 7201, 1)])
def test_a_copy_is_overdue_two_hours_after_it_was_due(
    sender: Script, tmp_path: Path, later_s: int, overdue: int
) -> None:
    (tmp_path / "spool" / "redis" / "sent").write_text("1000 abc 5 1\n")
    assert f"overdue={overdue}i" in sender.run(f"report redis {DAY_S}", now=1000 + later_s).stdout


@pytest.fixture
def job(tmp_path: Path) -> Script:
    return Script(
        tmp_path,
        "job.sh.j2",
        spool=str(tmp_path),
        store="redis",
        every=DAY_S,
        begins_from_last=False,
        skips="",
        work="copy() { :; }",
    )


@pytest.mark.parametrize(
    ("copied_s_ago", "failed_s_ago", "is_due"),
    [
        (DAY_S - 1, None, False),
        (DAY_S, None, True),
        (DAY_S, 299, False),
        (DAY_S, 300, True),
        (None, None, True),
    ],
)
def test_a_copy_is_due_a_day_after_the_last_and_five_minutes_after_one_that_failed(
    job: Script, tmp_path: Path, copied_s_ago: int | None, failed_s_ago: int | None, is_due: bool
) -> None:
    now = 10 * WEEK_S
    if copied_s_ago is not None:
        (tmp_path / "copied").write_text(f"{now - copied_s_ago}\n")
    if failed_s_ago is not None:
        (tmp_path / "failed").write_text(f"{now - failed_s_ago} no room\n")
    assert (job.run("due", now=now).returncode == 0) is is_due


def test_a_restic_that_hangs_does_not_make_the_age_of_a_copy_stand_still(tmp_path: Path) -> None:
    """A copy that is late because of it must be told."""
    copy = tmp_path / "spool" / "redis" / "copy"
    copy.mkdir(parents=True)
    (copy / "about").write_text("1000 1 1\n")
    (tmp_path / "state").mkdir()
    restic = tmp_path / "restic"
    restic.write_text('#!/bin/sh\n[ "$1" != backup ] || exec sleep 60\n')
    restic.chmod(0o755)
    values = sender_values(tmp_path, user=str(os.getuid()), group=str(os.getgid()))
    text = render(HERE / "sender.sh.j2", **values)
    path = f"{tmp_path}:{os.environ['PATH']}"
    sender = subprocess.Popen(["/bin/sh", "-c", text], env={"PATH": path}, start_new_session=True)
    try:
        ages: set[str] = set()
        deadline = time.monotonic() + 30
        while len(ages) < 2 and time.monotonic() < deadline:
            ages |= {
                line.read_text().partition("age=")[2].partition("i")[0] for line in tmp_path.glob("*.line")
            }
            time.sleep(0.5)
        assert len(ages) == 2, "the report stands still"
        sender.terminate()
        assert sender.wait(timeout=20) == 143
    finally:
        os.killpg(sender.pid, signal.SIGKILL)
