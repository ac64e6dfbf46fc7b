"""upgrade-store on a real swarm: Postgres, Redis and MinIO between two real versions, cut off on the way, and back.

The old and the new programs are found as tests/live/other_versions.py says.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from images.builder.lock import Entry
from ops.swarm.containers import Tasks
from ops.swarm.engine import connected
from tests.live.checkout import ENGINE, LOCAL, checkout
from tests.live.other_versions import two_versions
from tests.live.test_backup_minio import BUCKET
from tests.live.test_ops_backups import REDIS, Platform

# The swarm is started by `deploy` where there is none.
pytestmark = [
    pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"]),
    pytest.mark.proof,
]

SQL = "psql -U postgres -d sprocket_main -v ON_ERROR_STOP=1 -XqAtc"
QUICK = ("--stable", "3")
PREFIX = {"minio": "RELEASE."}
"""What a tag has before the version."""


@dataclass(frozen=True)
class Store:
    """How to leave a marker in a store, and to read it.

    Args:
        at: the service in whose task the commands run.
        version: prints the version of the server that runs.
    """

    at: str
    write: str
    read: str
    version: str


STORES = {
    "postgres": Store(
        "postgres",
        f"{SQL} \"create table if not exists marker (v text); insert into marker values ('MARK')\"",
        f"{SQL} 'select v from marker'",
        f"{SQL} 'show server_version'",
    ),
    "redis": Store(
        "redis",
        f"{REDIS} set live:marker MARK",
        f"{REDIS} get live:marker",
        f"{REDIS} info server | sed -n 's/^redis_version://p'",
    ),
    "minio": Store(
        "minio-keeper",
        f"echo MARK > /tmp/marker; mc --quiet cp /tmp/marker store/{BUCKET}/live-marker",
        f"mc --quiet cat store/{BUCKET}/live-marker",
        "minio --version | head -n 1",
    ),
}


class Upgrades(Platform):
    """The platform, whose stores can be declared in either version."""

    def declare(self, store: str, entry: Entry) -> None:
        """The files ask for this version of a store."""
        file = self.here.root / "environments" / "local.yaml"
        lines = file.read_text().splitlines()
        (number,) = [n for n, line in enumerate(lines) if line.startswith("images: ")]
        images = json.loads(lines[number].removeprefix("images: "))
        tag = PREFIX.get(store, "") + entry.version
        images["overrides"][store] = {"name": entry.name, "tag": tag, "digest": entry.digest}
        lines[number] = f"images: {json.dumps(images)}"
        file.write_text("\n".join(lines) + "\n")

    def acknowledge(self, store: str, from_: str, to: str) -> None:
        file = self.here.root / "environments" / "acknowledged" / "local.yaml"
        file.parent.mkdir(exist_ok=True)
        entry = f'{{store: {store}, from: "{from_}", to: "{to}", reason: a test, until: 9999-12-31}}'
        file.write_text(f"upgrades:\n  - {entry}\n")

    def upgrade(self, store: str, *words: str, expect: int = 0) -> str:
        return self.run("upgrade-store", *LOCAL, "--store", store, *QUICK, *words, expect=expect)

    def write(self, store: str) -> str:
        mark = secrets.token_hex(8)
        self.sh(STORES[store].at, STORES[store].write.replace("MARK", mark))
        return mark

    def read(self, store: str) -> str:
        return self.sh(STORES[store].at, STORES[store].read)

    def version(self, store: str) -> str:
        return self.sh(store, STORES[store].version)

    def is_up(self, store: str) -> bool:
        """Its clients run, and a plan has nothing left to do."""
        return self.replicas(f"{store}-client") == 1 and self.here.counts() == {
            "add": 0,
            "change": 0,
            "replace": 0,
            "destroy": 0,
        }


@pytest.fixture(scope="module", params=sorted(STORES))
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def versions(store: str) -> tuple[Entry, Entry]:
    return two_versions(store)


@pytest.fixture(scope="module")
def platform(
    store: str, versions: tuple[Entry, Entry], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgrades]:
    """With one store, in its old version."""
    with pytest.MonkeyPatch.context() as patch, connected(ENGINE) as swarm:
        patch.setenv("TRY_STORES", store)
        with checkout(tmp_path_factory.mktemp("copy"), "backup_platform", real=("minio", "restic")) as here:
            platform = Upgrades(here, Tasks(swarm), swarm)
            platform.declare(store, versions[0])
            here.run("deploy", *LOCAL, *QUICK)
            yield platform


def series(store: str, entry: Entry) -> str:
    """What an acknowledgement calls a version."""
    return entry.version if store == "minio" else entry.version.partition(".")[0]


def test_an_upgrade_and_the_way_back(store: str, versions: tuple[Entry, Entry], platform: Upgrades) -> None:
    old, new = versions
    first = platform.write(store)
    before = platform.version(store)
    platform.declare(store, new)
    if store != "minio":
        refused = platform.upgrade(store, expect=1)
        assert f"environments/acknowledged/local.yaml:\n    - {{store: {store}" in refused
        platform.acknowledge(store, series(store, old), series(store, new))
    planned = platform.upgrade(store, "--plan")
    print(planned)
    assert "away meanwhile, for about" in planned and f"{store}-client" in planned
    assert platform.version(store) == before
    if store == "postgres":
        refused = platform.run("deploy", *LOCAL, *QUICK, expect=1)
        assert "python -m ops upgrade-store --env local --store postgres" in refused
    shown = platform.upgrade(store)
    print(shown)
    assert platform.read(store) == first
    assert "services were away for" in shown
    assert platform.version(store) != before
    assert platform.is_up(store)
    assert f"{store} has " in platform.upgrade(store) and platform.is_up(store)
    second = platform.write(store)
    assert platform.read(store) in (f"{first}\n{second}", second)

    platform.declare(store, old)
    platform.acknowledge(store, new.version, old.version)
    back = () if store == "postgres" else ("--at", _copied_before(platform, store))
    if back:
        assert "name a copy with --at TIME" in platform.upgrade(store, "--confirm", "local", expect=1)
    shown = platform.upgrade(store, "--confirm", "local", *back)
    print(shown)
    assert platform.read(store) == first
    assert platform.version(store) == before
    assert platform.is_up(store)
    removed = platform.run("upgrade-store", *LOCAL, "--store", store, "--remove-old", "--confirm", "local")
    assert "removed" in removed


def test_one_that_is_killed_goes_on_from_its_copy(
    store: str, versions: tuple[Entry, Entry], platform: Upgrades
) -> None:
    if store != "postgres":
        pytest.skip("in place: the new version has the data as soon as it runs")
    old, new = versions
    mark = platform.write(store)
    platform.declare(store, new)
    platform.acknowledge(store, series(store, old), series(store, new))
    with platform.here.start("upgrade-store", *LOCAL, "--store", store, *QUICK) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "postgres-backup: updated" in line:
                process.kill()
    assert platform.replicas(f"{store}-client") == 0
    assert "directory of 17" in platform.upgrade(store, "--plan")
    shown = platform.upgrade(store)
    print(shown)
    assert mark in platform.read(store)
    assert platform.version(store) == new.version
    assert platform.is_up(store)


def _copied_before(platform: Upgrades, store: str) -> str:
    """A moment between the last copy of the old version and the first one of the new: the upgrade itself made both."""
    found = platform.json("backup", "list", *LOCAL, "--store", store)[0]["snapshots"]
    return str(found[1]["time"])
