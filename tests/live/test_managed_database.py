"""The box's managed database, without a box: a server, and clients with addresses of their own."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from rehearsal.droplets import database, image
from rehearsal.droplets.database import Database
from rehearsal.emulator import DatabaseCluster, DatabaseEndpoint, MachineError
from rehearsal.suite.checks.database import ROOM

pytestmark = pytest.mark.live(needs=["engine"])

NETWORK, RANGE, SERVER = "try-database", "10.213.77.0/28", "10.213.77.2"
FRIEND, STRANGER = "10.213.77.3", "10.213.77.4"
USERS = {"doadmin": "it's \\ one", "app": "two"}
SECONDS = 60


def docker(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, timeout=SECONDS, check=False)


@dataclass
class Scene:
    """A database that admits one address, and a way to ask it from any."""

    database: Database
    image: str

    def ask(self, sql: str, *, user: str = "doadmin", at: str = FRIEND, tls: str = "require") -> str:
        """What a client prints, its errors too."""
        environment = {"PGPASSWORD": USERS.get(user, ""), "PGSSLMODE": tls, "PGCONNECT_TIMEOUT": "5"}
        given = (word for name, value in environment.items() for word in ("--env", f"{name}={value}"))
        place = ("-h", SERVER, "-p", "25060", "-U", user, "-d", "defaultdb")
        done = docker(
            "run", "--rm", "--network", NETWORK, "--ip", at, *given, self.image, "psql", "-qAt", *place, "-c", sql
        )  # fmt: skip
        return (done.stdout + done.stderr).strip()

    def until(self, check: Callable[[], bool]) -> None:
        """New rules hold a moment after they were told."""
        deadline = time.monotonic() + SECONDS
        while not check():
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    try:
        postgres = image.of_platform("postgres")
    except MachineError as error:
        if os.environ.get("REQUIRE_LIVE") == "1":
            pytest.fail(f"REQUIRE_LIVE=1, but {error}")
        pytest.skip(str(error))
    endpoint = DatabaseEndpoint("db.example", "private-db.example", 25060, 25061)
    cluster = DatabaseCluster("try", "try-db", "pg", "17", SERVER, RANGE, 22, endpoint)
    with pytest.MonkeyPatch.context() as patch:
        # Not the box's names: a box that starts meanwhile removes what carries them.
        patch.setattr(database, "PREFIX", NETWORK)
        patch.setattr(database, "LABEL", "sprocket.try=1")
        patch.setattr(database, "have_private", lambda _: NETWORK)
        docker("network", "create", "--internal", "--subnet", RANGE, NETWORK)
        scene = Scene(Database(cluster, postgres), postgres)
        try:
            scene.database.create()
            scene.database.start()
            scene.database.have(USERS, ("defaultdb", "main"))
            yield scene
        finally:
            scene.database.delete()
            docker("network", "rm", NETWORK)
    assert not docker("volume", "ls", "--quiet", "--filter", "label=sprocket.try=1").stdout


def test_it_admits_nobody_and_then_one_address_by_tls_only(scene: Scene) -> None:
    assert "no pg_hba.conf entry" in scene.ask("select 1")
    scene.database.admit([FRIEND])
    scene.until(lambda: scene.ask("select ssl from pg_stat_ssl where pid = pg_backend_pid()") == "t")
    assert "no encryption" in scene.ask("select 1", tls="disable")
    assert "no pg_hba.conf entry" in scene.ask("select 1", at=STRANGER)
    assert "rejects connection" in scene.ask("select 1", user="postgres")


def test_the_owner_makes_roles_and_databases_and_is_no_superuser(scene: Scene) -> None:
    scene.database.admit([FRIEND])
    scene.until(lambda: scene.ask("select 1") == "1")
    assert scene.ask("select rolsuper from pg_roles where rolname = current_user") == "f"
    assert re.fullmatch(r"[1-9] of 22", scene.ask(ROOM))
    assert scene.ask("create role made_by_sql") == ""
    assert "permission denied" in scene.ask("create role another", user="app")
    assert scene.ask("select pg_get_userbyid(datdba) from pg_database where datname = 'main'") == "doadmin"
    scene.database.have({"doadmin": USERS["doadmin"]}, ("defaultdb",))
    left = "select rolname from pg_roles where rolname in ('app', 'made_by_sql')"
    assert scene.ask(left) == "made_by_sql"


def test_data_and_rules_are_there_after_the_power_went(scene: Scene) -> None:
    scene.database.admit(None)
    scene.until(lambda: scene.ask("select 1", at=STRANGER) == "1")
    scene.ask("create table kept as select 7 as v")
    docker("kill", scene.database.container)
    docker("start", scene.database.container)
    scene.until(lambda: scene.ask("select v from kept") == "7")
