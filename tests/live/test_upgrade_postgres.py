"""Postgres from one real major version to the next and back: rows, roles and settings, and what each server refuses to open."""

from __future__ import annotations

import pytest

from images.builder.engine import docker
from images.builder.lock import Entry
from images.builder.trial import Running, Trial
from layers.data.postgres import DATA, LISTENS, UPGRADE
from tests.live.backups import Bench
from tests.live.other_versions import two_versions
from tests.live.test_backup_postgres import DATABASE, LEAGUE, is_whole, sql, start

pytestmark = pytest.mark.live(needs=["engine"])


class Upgrade:
    """The store's services in either version, on the same volumes."""

    def __init__(self, trial: Trial) -> None:
        self.versions = dict(zip(("old", "new"), two_versions("postgres"), strict=True))
        self.bench = Bench(trial, "postgres")
        self.running: list[Running] = []
        self._trial = trial

    def major(self, which: str) -> str:
        return self.versions[which].version.partition(".")[0]

    def take(self, which: str) -> None:
        """What is started from now on has this version."""
        images: dict[str, Entry] = {**self._trial.images, "postgres": self.versions[which]}
        self._trial.images = images

    def start(self, which: str) -> Running:
        """Server, keeper and job in this version, in place of those that run."""
        for each in self.running:
            each.stop()
            docker("rm", "--force", each.name)
        self.take(which)
        self.server = start(self.bench)
        self.running = [self.server, *self.keepers(), self.bench.start_job()]
        return self.server

    def keepers(self) -> list[Running]:
        names = docker("ps", "--format", "{{.Names}}", "--filter", f"network={self._trial.network}").split()
        return [Running(name) for name in names if "-postgres-keeper-" in name]

    def asked(self, *words: str) -> str:
        """What ops asks of the running server's directories."""
        return self.server.expect("/bin/sh", UPGRADE, *words)

    def shown(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self.asked("show").splitlines():
            name, _, value = line.partition(" ")
            found[f"{name} {value.split()[0]}" if name == "directory" else name] = value
        return found

    def client(self, *, user: str) -> str:
        """What is said to a client that signs in by the network."""
        script = f'PGPASSWORD="$(cat /run/secrets/role-{user})" psql -h postgres -U {user} -d {DATABASE} -c "SELECT 1"'
        return self.keepers()[0].exec("sh", "-c", script).output


@pytest.fixture
def upgrade(trial: Trial) -> Upgrade:
    return Upgrade(trial)


def test_an_upgrade_and_the_way_back(upgrade: Upgrade) -> None:
    bench, old, new = upgrade.bench, upgrade.major("old"), upgrade.major("new")
    server = upgrade.start("old")
    sql(server, LEAGUE)
    assert upgrade.shown()["version"] == upgrade.shown()["runs"] == old
    manifest = bench.copy_and_fetch()
    assert bench.expect("verify") == manifest

    # Without leave, the new version opens nothing, and the old one goes on.
    server.stop()
    upgrade.take("new")
    refused = bench.services.start("postgres")
    log = refused.final_log()
    assert f"has the data of Postgres {old}, and this is {new}; nothing was opened" in log
    assert "python -m ops upgrade-store" in log
    docker("rm", "--force", refused.name)
    upgrade.take("old")
    server = upgrade.start("old")

    upgrade.asked("allow", new, "0123abcd")
    server = upgrade.start("new")
    shown = upgrade.shown()
    assert (shown["runs"], shown["version"], shown["upgrade"]) == (new, old, f"{old} {new} 0123abcd")
    assert {f"directory {old}", f"directory {new}"} <= shown.keys()
    # The keeper has made role and database; until the data is there, they open to nobody.
    assert "no pg_hba.conf entry" in upgrade.client(user=DATABASE)
    docker("restart", server.name)
    server.wait("sh", "-c", LISTENS)
    assert "no pg_hba.conf entry" in upgrade.client(user=DATABASE)
    with bench.timed("load"):
        print(bench.expect("load"))
    upgrade.asked("finish")
    assert upgrade.shown()["version"] == new and not {"upgrade", "closed"} & upgrade.shown().keys()
    assert "1 row" in upgrade.client(user=DATABASE)
    is_whole(server)
    assert sql(server, "SHOW server_version_num").startswith(new)
    assert bench.copy_and_fetch() == manifest, "row for row what it was"
    assert "is in use" in server.exec("/bin/sh", UPGRADE, "remove", new).output
    sql(server, "INSERT INTO mledb.\"odd name\" VALUES ('written in the new one', 8)")

    # The old one opens nothing by itself either: its directory is of the day of the upgrade.
    server.stop()
    upgrade.take("old")
    refused = bench.services.start("postgres")
    assert f"has the data of Postgres {new}, and this is {old}" in refused.final_log()
    docker("rm", "--force", refused.name)
    docker("start", server.name)
    server.wait("sh", "-c", LISTENS)
    upgrade.asked("allow", old, "-")
    server = upgrade.start("old")
    upgrade.asked("finish")
    is_whole(server)
    assert sql(server, 'SELECT count(*) FROM mledb."odd name"') == "1"
    assert "1 row" in upgrade.client(user=DATABASE)
    print(bench.in_words())


def test_the_way_back_without_the_old_directory_is_a_copy(upgrade: Upgrade) -> None:
    bench, old, new = upgrade.bench, upgrade.major("old"), upgrade.major("new")
    server = upgrade.start("old")
    sql(server, LEAGUE)
    bench.expect("copy")
    before = bench.sent()
    upgrade.asked("allow", new, before)
    bench.fetch(before)
    server = upgrade.start("new")
    bench.expect("load")
    upgrade.asked("finish")
    upgrade.asked("remove", old)
    assert f"directory {old}" not in upgrade.shown()
    bench.expect("copy")
    newer = bench.sent()

    upgrade.asked("allow", old, before)
    server = upgrade.start("old")
    bench.fetch(newer)
    done = bench.ask("load")
    assert done.code == 1
    assert f"the copy is of Postgres {new}, and {old} runs" in done.output
    bench.fetch(before)
    bench.expect("load")
    upgrade.asked("finish")
    is_whole(server)


def test_a_directory_from_before_there_was_one_for_each_version_is_taken_over(upgrade: Upgrade) -> None:
    old = upgrade.major("old")
    server = upgrade.start("old")
    sql(server, LEAGUE)
    server.stop()
    volume = upgrade.bench.services.volumes("postgres")[DATA]
    mount = f"{upgrade.bench.trial.volume(volume)}:/data"
    image = upgrade.versions["old"]
    flat = f"rm /data/version; mv /data/{old} /data/{old}.was; mv /data/{old}.was/* /data/; rmdir /data/{old}.was"
    # And a move that was cut off: what was moved first is there already.
    half = f"mkdir /data/{old}; mv /data/base /data/global /data/{old}/"
    docker(
        "run", "--rm", "--network", "none", "--volume", mount, "--entrypoint", "/bin/sh",
        f"{image.name}@{image.digest}", "-euc", f"{flat}; {half}; ls -A /data",
    )  # fmt: skip
    docker("start", server.name)
    server.wait("sh", "-c", LISTENS)
    is_whole(server)
    assert server.expect("ls", "-A", DATA).split() == [old, "version"]
    assert server.expect("cat", f"{DATA}/version").strip() == old


def test_an_upgrade_that_is_given_up_leaves_the_old_server_as_it_was(upgrade: Upgrade) -> None:
    new = upgrade.major("new")
    server = upgrade.start("old")
    sql(server, LEAGUE)
    upgrade.asked("allow", new, "0123abcd")
    upgrade.start("new")
    assert "runs, and" in upgrade.server.exec("/bin/sh", UPGRADE, "cancel").output
    server = upgrade.start("old")
    is_whole(server)
    assert "1 row" in upgrade.client(user=DATABASE)
    upgrade.asked("cancel")
    upgrade.asked("remove", new)
    assert {"upgrade", f"directory {new}"} & upgrade.shown().keys() == set()
