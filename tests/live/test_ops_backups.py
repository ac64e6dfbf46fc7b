"""backup, list, restore, drill, Terraform's state and the password of it all, with the real layers of two stores on a real swarm."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ops.backup.world import SENDER
from ops.swarm.containers import Tasks
from ops.swarm.engine import connected
from ops.swarm.replicas import scale
from tests.live.checkout import ENGINE, LOCAL, Here, checkout
from tests.live.local_platform import until

# The swarm is started by `deploy` where there is none.
pytestmark = [
    pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"]),
    pytest.mark.proof,
]

REAL = ("redis", "postgres", "minio", "restic")
CLIENT = "redis-client"
STATE = "state-local-services"
REDIS = 'REDISCLI_AUTH="$(cat /run/secrets/redis-password)" redis-cli --raw'
SCRATCH = "redis-cli -s /tmp/change.sock"
CHANGE = f"""cd /spool/copy
redis-server --port 0 --unixsocket /tmp/change.sock --dir /spool/copy --dbfilename dump.rdb --save '' > /dev/null &
until {SCRATCH} ping | grep -q PONG; do sleep 0.2; done
{SCRATCH} set live:marker changed
{SCRATCH} save
{SCRATCH} shutdown nosave
"""
"""One row of a copy that waits for its sender; its manifest stays."""

RESTIC = """export RESTIC_REPOSITORY=s3:http://backup-store:9000/backups/restic RESTIC_PASSWORD_FILE=/run/secrets/restic-password
export AWS_SHARED_CREDENTIALS_FILE=/run/secrets/backup-bucket-keys
restic dump --quiet --tag {tag} latest /{tag}"""
"""What docs/runbooks/restore-the-state.md has a laptop do; here where the bucket can be reached."""


class Platform:
    """The copy of the repository, and the swarm that it is deployed to."""

    def __init__(self, here: Here, tasks: Tasks, swarm: Any) -> None:
        self.here = here
        self.run = here.run
        self._tasks = tasks
        self._swarm = swarm

    def sh(self, service: str, script: str) -> str:
        container = until(60, lambda: self._tasks.container(service), f"a task of {service}")
        done = self._tasks.run(container, "/bin/sh", "-euc", script)
        assert done.code == 0, f"{service}: {done.output}"
        return done.output.strip()

    def mark(self) -> str:
        mark = secrets.token_hex(8)
        self.sh("redis", f"{REDIS} set live:marker {mark}")
        return mark

    def marker(self) -> str:
        return self.sh("redis", f"{REDIS} get live:marker")

    def sql(self, text: str) -> str:
        return self.sh(
            "postgres", f"psql -XqAt -v ON_ERROR_STOP=1 -U postgres -d sprocket_main <<'SQL'\n{text}\nSQL"
        )

    def tries(self, password: str) -> int:
        """What the repository of the backups answers to a password: 0 where it opens, 12 where it does not."""
        container = until(60, lambda: self._tasks.container("backup-sender"), "a task of backup-sender")
        return self._tasks.run_with_input(container, password, "/bin/sh", SENDER, "try_password").code

    def password(self) -> str:
        """The one of the backups, in the state."""
        try:
            resources = json.loads(self.here.state())["resources"]
        except ValueError:
            raise AssertionError("the state is being written") from None
        for resource in resources:
            if resource["type"] == "random_password" and "restic-password" in resource["name"]:
                return str(resource["instances"][0]["attributes"]["result"])
        raise AssertionError("the state has no password of the backups")

    def wait_for_terraform(self) -> None:
        """Until one that lost its command has ended; then ends its providers, which would stay."""
        until(120, lambda: "terraform" not in self._programs().values(), "the end of Terraform")
        for process in self._programs():
            os.kill(process, signal.SIGTERM)

    def _programs(self) -> dict[int, str]:
        """Names of the programs that run below the copy, by process."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if self.here.root in (process / "cwd").readlink().parents:
                    found[int(process.name)] = (process / "comm").read_text().strip()
        return found

    def scale(self, name: str, count: int) -> None:
        scale(self._swarm, {name: count})
        until(
            120,
            lambda: (
                sum(task.runs for task in self._tasks_of(name)) == count
                and (count or self._tasks.container(name) is None)
            ),
            f"{count} tasks of {name}",
        )

    def replicas(self, name: str) -> int:
        found = next(each for each in self._swarm.services() if each.name == name)
        return int(found.replicas)

    def json(self, *words: str, expect: int = 0) -> Any:
        """What a command printed as JSON; its progress comes before."""
        shown = self.run(*words, "--json", expect=expect)
        start = re.search(r"^[\[{]$", shown, re.M)
        assert start, shown
        return json.JSONDecoder().raw_decode(shown[start.start() :])[0]

    def _tasks_of(self, name: str) -> list[Any]:
        ids = {each.id for each in self._swarm.services() if each.name == name}
        return [task for task in self._swarm.tasks() if task.service_id in ids]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with (
        connected(ENGINE) as swarm,
        checkout(tmp_path_factory.mktemp("copy"), "backup_platform", real=REAL) as here,
    ):
        here.run("deploy", *LOCAL, "--stable", "3")
        yield Platform(here, Tasks(swarm), swarm)


def restored(platform: Platform, *words: str, store: str = "redis", expect: int = 0) -> str:
    return platform.run(
        "restore", *LOCAL, "--store", store, "--confirm", "local", "--stable", "3", *words, expect=expect
    )


def moment(copy: dict[str, Any]) -> str:
    """When a copy was made, as ``--at`` takes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(copy["time"]))


def test_a_wiped_store_comes_back(platform: Platform) -> None:
    mark = platform.mark()
    copy = platform.json("backup", *LOCAL, "--store", "redis")["stores"][0]
    platform.sh("redis", f"{REDIS} flushall")
    assert platform.marker() == ""
    shown = restored(platform)
    print(shown)
    assert copy["snapshot"][:8] in shown
    assert platform.marker() == mark
    assert platform.replicas(CLIENT) == 1
    assert "in all: " in shown


def test_what_was_replaced_can_be_taken_back(platform: Platform) -> None:
    first = platform.mark()
    copy = platform.json("backup", *LOCAL, "--store", "redis")["stores"][0]
    second = platform.mark()
    restored(platform, "--at", moment(copy))
    assert platform.marker() == first
    # The newest copy is now the one that the restore made of what it replaced.
    restored(platform)
    assert platform.marker() == second


def test_a_drill_is_green_then_red_with_one_changed_row(platform: Platform) -> None:
    platform.mark()
    platform.run("backup", *LOCAL)
    shown = platform.run("drill", *LOCAL)
    print(shown)
    assert "equal in" in shown and "recovery time: " in shown
    platform.scale("backup-sender", 0)
    platform.sh("redis-backup", 'id=live; echo "$id copy" > /spool/request')
    until(90, lambda: platform.sh("redis-backup", "cat /spool/result").startswith("live 0"), "a copy")
    platform.sh("redis-backup", CHANGE)
    platform.scale("backup-sender", 1)
    until(90, lambda: platform.sh("redis-backup", "test -e /spool/copy || echo sent"), "the copy sent")
    until(90, lambda: platform.sh("redis-backup", "test -e /spool/sending || echo sent"), "the copy sent")
    shown = platform.run("drill", *LOCAL, expect=1)
    print(shown)
    assert "! redis: keys: other content than when the copy was made" in shown
    shown = restored(platform, expect=1)
    assert "the copy is not what was copied; nothing was changed" in shown
    assert platform.replicas(CLIENT) == 1
    platform.run("backup", *LOCAL)
    platform.run("drill", *LOCAL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_restore_that_is_stopped_leaves_a_platform_that_runs(
    platform: Platform, number: signal.Signals
) -> None:
    mark = platform.mark()
    platform.run("backup", *LOCAL)
    with platform.here.start(
        "restore", *LOCAL, "--store", "redis", "--confirm", "local", "--stable", "3"
    ) as process:
        until(120, lambda: platform.replicas(CLIENT) == 0, "a client that is stopped")
        process.send_signal(number)
        output, _ = process.communicate(timeout=120)
    print(output)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted" in output
    else:
        assert platform.replicas(CLIENT) == 0
        platform.run("deploy", *LOCAL, "--stable", "3")
    assert platform.replicas(CLIENT) == 1
    assert platform.marker() == mark
    restored(platform)
    assert platform.marker() == mark


def test_a_store_that_is_down_is_said_and_keeps_its_last_copy(platform: Platform) -> None:
    platform.run("backup", *LOCAL)
    before = snapshots(platform)
    platform.scale("redis", 0)
    try:
        shown = platform.run("backup", *LOCAL, expect=1)
        print(shown)
        assert "error: redis: not copied: " in shown
        assert snapshots(platform, expect=1) == before
    finally:
        platform.scale("redis", 1)
    platform.run("backup", *LOCAL)


def test_a_bucket_that_is_away_is_said_and_the_copy_is_sent_later(platform: Platform) -> None:
    platform.scale("backup-store", 0)
    try:
        shown = platform.run("backup", *LOCAL, expect=1)
        print(shown)
        assert "copied, and not sent: " in shown
    finally:
        platform.scale("backup-store", 1)
    until(180, lambda: platform.sh("redis-backup", "test -e /spool/sending || echo sent"), "the copy sent")
    platform.run("backup", "list", *LOCAL)


def test_a_lost_state_comes_back_and_nothing_would_change(platform: Platform) -> None:
    assert STATE in platform.run("backup", "list", *LOCAL), "the deploy sent it"
    assert f"{STATE}: sent" in platform.run("backup", *LOCAL, "--state")
    state = platform.here.root / ".sprocket" / "state" / "local-services.tfstate"
    lost = state.read_bytes()
    state.unlink()
    state.with_name(state.name + ".backup").unlink(missing_ok=True)
    found = platform.here.root / "found.tfstate"
    platform.run("restore", *LOCAL, "--store", STATE, "--into", str(found))
    assert json.loads(found.read_text())["lineage"] == json.loads(lost)["lineage"]
    assert found.stat().st_mode & 0o777 == 0o600
    alone = platform.sh("backup-sender", RESTIC.format(tag=STATE))
    assert json.loads(alone) == json.loads(found.read_text())
    folder = platform.here.root / "cdktf.out" / "stacks" / "local-services"
    subprocess.run(["terraform", f"-chdir={folder}", "state", "push", str(found)], check=True)
    assert platform.here.counts() == {"add": 0, "change": 0, "replace": 0, "destroy": 0}


def test_what_a_bad_migration_did_is_undone(platform: Platform) -> None:
    platform.sql(
        "SET ROLE sprocket_main; CREATE TABLE player AS SELECT n AS id, 'player ' || n AS name FROM generate_series(1, 500) n"
    )
    before = platform.json("backup", *LOCAL, "--store", "postgres")["stores"][0]
    platform.sql(
        "SET ROLE sprocket_main; BEGIN; ALTER TABLE player DROP COLUMN name; DELETE FROM player WHERE id > 9; COMMIT"
    )
    platform.json("backup", *LOCAL, "--store", "postgres")
    shown = restored(platform, "--at", moment(before), store="postgres")
    print(shown)
    assert before["snapshot"][:8] in shown
    assert platform.sql("SELECT count(*), max(name) FROM player") == "500|player 99"
    assert platform.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'player'") == "sprocket_main"
    assert platform.replicas("postgres-keeper") == 1


def test_the_password_of_the_backups_is_rotated_and_a_rotation_that_was_killed_is_finished(
    platform: Platform,
) -> None:
    mark = platform.mark()
    copy = platform.json("backup", *LOCAL, "--store", "redis")["stores"][0]
    first = platform.password()
    with platform.here.start("rotate", *LOCAL, "restic-password") as process:
        until(180, lambda: platform.password() != first, "a new password in the state")
        process.kill()
        process.communicate(timeout=120)
    platform.wait_for_terraform()
    second = platform.password()
    until(60, lambda: platform.tries(first) == 0, "a sender; nothing has removed the old key yet")
    platform.run("deploy", *LOCAL, "--stable", "3")
    assert (platform.password(), platform.tries(second), platform.tries(first)) == (second, 0, 12)

    shown = platform.run("rotate", *LOCAL, "restic-password")
    print(shown)
    third = platform.password()
    assert (
        "restic-password: the repository of the backups accepts the new value and refuses the old one"
        in shown
    )
    assert [platform.tries(each) for each in (first, second, third)] == [12, 12, 0]
    assert not any(each in shown for each in (first, second, third))

    shown = restored(platform, "--at", moment(copy))
    assert copy["snapshot"][:8] in shown
    assert platform.marker() == mark
    found = platform.here.root / "older.tfstate"
    platform.run("restore", *LOCAL, "--store", STATE, "--at", moment(copy), "--into", str(found))
    assert first in found.read_text()
    platform.run("backup", *LOCAL, "--store", "redis")


def snapshots(platform: Platform, *, expect: int = 0) -> list[str]:
    found = platform.json("backup", "list", *LOCAL, "--store", "redis", expect=expect)
    return [copy["snapshot"] for copy in found[0]["snapshots"]]
