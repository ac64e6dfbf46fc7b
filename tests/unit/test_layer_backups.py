"""The backup jobs of Postgres, Grafana and Let's Encrypt: what they may reach, and what they are given."""

from __future__ import annotations

from typing import Any

import pytest
from sprocket_constructs import BackupJob, ConstructError, GeneratedSecret, NoBackup

from layers.services import ServicesStack
from tests.policy.rules import services
from tests.stacks.synthesis import altered, built, declared, service, text_at

SCRIPT = "/etc/sprocket/backup.sh"


def job(stack: ServicesStack, store: str) -> BackupJob:
    found = service(stack, f"{store}-backup")
    assert isinstance(found, BackupJob)
    return found


def sources(environment: str, name: str) -> dict[str, str]:
    (found,) = (each for each in services(environment) if each.name == name)
    return {mount.target: mount.source for mount in found.mounts}


# -- Postgres ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_postgres_password_is_a_file_that_the_jobs_user_alone_reads(environment: str) -> None:
    made = job(declared(environment), "postgres")
    (passfile,) = (mount for mount in made.file_mounts if mount.at == "/run/secrets/pgpass")
    assert (passfile.mode, passfile.uid, made.user) == (0o400, 70, "70:70")
    assert "@@secret:" not in text_at(declared(environment), "postgres-backup", SCRIPT)


def test_postgres_in_the_swarm_is_reached_on_its_own_network_alone() -> None:
    made = job(declared("local"), "postgres")
    assert set(made.servers) == {"postgres"}
    assert not made.internet_reasons
    assert made.labels["backup.stops"] == "clients"
    assert "postgres-keeper" in {each.name for each in made.waits_for}


def test_a_managed_postgres_is_dumped_by_tls_as_its_owner() -> None:
    made = job(declared("prod"), "postgres")
    assert "backup.server" not in made.labels
    assert made.internet_reasons == ("the managed Postgres is outside the swarm",)
    text = text_at(declared("prod"), "postgres-backup", SCRIPT)
    assert "PGHOST=db.sprocket.mlesports.gg PGPORT=25060 PGUSER=doadmin PGDATABASE=defaultdb" in text
    assert "PGSSLMODE=require" in text


def test_every_declared_database_is_copied_and_goes_back_to_its_owner() -> None:
    stack = declared("staging")
    text = text_at(stack, "postgres-backup", SCRIPT)
    (line,) = (line for line in text.splitlines() if line.startswith("databases="))
    names = line.removeprefix('databases="').removesuffix('"').split()
    assert len(names) == 2, "of two instances"
    for name in names:
        assert f"        {name}) echo {name} ;;" in text
    assert f"^({'|'.join(names)})_(restoring|replaced_[0-9]+)$" in text, "nothing else is dropped"


@pytest.mark.parametrize("name", ["a" * 44, "league_restoring", "league_replaced_1"])
def test_a_database_leaves_room_for_the_name_of_what_a_restore_replaces(name: str) -> None:
    stack = built(altered("local", lambda document: None))
    password = GeneratedSecret(stack, "p", name="other-password")
    with pytest.raises(ConstructError) as caught:
        stack.data.postgres.database(name, owner="me", password=password)
    assert str(caught.value).endswith(
        f"database name {name} leaves no name for what a restore replaces; use at most 43 characters, and not one that ends "
        "with _restoring or _replaced_<number>"
    )
    stack.data.postgres.database("a" * 43, owner="me", password=password)


# -- files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("store", "server", "at"),
    [("grafana", "grafana", "/var/lib/grafana"), ("letsencrypt", "traefik", "/letsencrypt")],
)
def test_files_are_copied_from_where_the_server_has_them_and_nothing_is_reached(
    store: str, server: str, at: str
) -> None:
    stack = declared("local")
    made, owner = job(stack, store), service(stack, server)
    assert sources("local", f"{store}-backup")[at] == sources("local", server)[at]
    assert not made.servers and not made.internet_reasons
    assert made.labels["backup.stops"] == "server"
    assert owner in made.waits_for, "the first copy has something in it"
    assert made.image == owner.image


def test_grafanas_database_in_postgres_is_copied_there() -> None:
    def in_postgres(document: dict[str, Any]) -> None:
        document["data"]["grafana"] = {"database": "postgres"}

    stack = built(altered("local", in_postgres))
    (decision,) = (mount.backup for mount in service(stack, "grafana").data_mounts if mount.backup)
    assert decision == NoBackup(because="its database is in Postgres, and is copied there")
    assert "grafana" in text_at(stack, "postgres-backup", SCRIPT)
