"""The box's managed database: what its server is told, and which names lead to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.droplets import database, image
from rehearsal.droplets.database import Database, host_rules, statements, statements_to_drop
from rehearsal.droplets.internet import Internet
from rehearsal.droplets.machines import DropletMachines
from rehearsal.droplets.spaces import owner_key
from rehearsal.emulator import DatabaseCluster, DatabaseEndpoint, MachineError, Record

CLUSTER = DatabaseCluster(
    id="one",
    name="test-db",
    engine="pg",
    version="17",
    private_ipv4="10.7.0.2",
    vpc_range="10.7.0.0/24",
    connections=22,
    endpoint=DatabaseEndpoint("db.example", "private-db.example", 25060, 25061),
)


def test_only_those_addresses_by_tls_only_and_never_the_superuser() -> None:
    lines = host_rules(["10.7.0.3", "192.0.2.9/24"]).splitlines()
    assert lines == [
        "local all all trust",
        "host all postgres all reject",
        "hostssl all all 10.7.0.3/32 scram-sha-256",
        "hostssl all all 192.0.2.0/24 scram-sha-256",
    ]
    assert host_rules(()).splitlines() == lines[:2], "nobody"
    assert host_rules(None).splitlines()[2:] == ["hostssl all all 0.0.0.0/0 scram-sha-256"]


def test_names_and_passwords_are_quoted_and_only_the_owner_has_rights() -> None:
    told = statements({"doadmin": "a'b\\c", 'x"y': "p"}, ["it's"])
    assert (
        """ALTER ROLE "doadmin" LOGIN CREATEROLE CREATEDB REPLICATION BYPASSRLS PASSWORD 'a''b\\c';""" in told
    )
    assert """ALTER ROLE "x""y" LOGIN PASSWORD 'p';""" in told
    assert "format('CREATE DATABASE %I OWNER doadmin', 'it''s')" in told
    assert "SUPERUSER" not in told


def test_what_the_api_no_longer_has_goes_and_what_sql_made_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    found = Database(CLUSTER, "image")
    monkeypatch.setattr(database, "inside", lambda *_, stdin, **__: told.append(stdin))
    found.have({"doadmin": "p", "app": "q"}, ("defaultdb", "main"))
    found.have({"doadmin": "p"}, ("defaultdb",))
    assert "DROP" not in told[0]
    assert [line for line in told[1].splitlines() if "DROP" in line] == [
        'DROP DATABASE IF EXISTS "main" WITH (FORCE);',
        'DROP ROLE IF EXISTS "app";',
    ]
    assert statements_to_drop((), ()) == ""


def test_a_change_that_failed_is_not_taken_for_done(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    found = Database(CLUSTER, "image")
    monkeypatch.setattr(database, "inside", lambda *_, stdin, **__: told.append(stdin))
    found.have({"doadmin": "p", "app": "q"}, ())

    def fails(*_: str, **__: object) -> str:
        raise MachineError("away")

    with monkeypatch.context() as broken:
        broken.setattr(database, "inside", fails)
        with pytest.raises(MachineError):
            found.have({"doadmin": "p"}, ())
    found.have({"doadmin": "p"}, ())
    assert 'DROP ROLE IF EXISTS "app";' in told[-1]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DropletMachines:
    """Machines whose databases start no container."""
    for name in ("create", "start", "delete"):
        monkeypatch.setattr(Database, name, lambda self: None)
    monkeypatch.setattr(image, "of_platform", lambda name: name)
    (tmp_path / "internet").mkdir()
    return DropletMachines(
        tmp_path, "droplet", Internet(tmp_path / "internet"), 5000, owner_key(), lambda: None
    )


def test_both_names_lead_to_the_private_address_until_the_cluster_goes(box: DropletMachines) -> None:
    internet = box._internet
    assert box.database(CLUSTER) == CLUSTER.endpoint
    box.zone("our.test", (Record("CNAME", "db", "private-db.example.", 60),))
    names = ("db.example", "private-db.example", "db.our.test")
    assert [internet.resolve(name) for name in names] == ["10.7.0.2"] * 3
    box.delete_database("one")
    assert [internet.resolve(name) for name in names] == [None] * 3
    box.database_members("one", {}, ())
    box.database_sources("one", None)


def test_another_engine_is_shown_and_not_run(box: DropletMachines) -> None:
    assert box.database(DatabaseCluster(**{**vars(CLUSTER), "engine": "valkey"})) is None
    box.database_members(CLUSTER.id, {}, ())


def test_a_missing_image_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_present", set)
    with pytest.raises(MachineError, match=r"python -m images build"):
        image.of_platform("postgres")
