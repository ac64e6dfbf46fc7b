"""The managed Postgres: copied and restored by an owner who is no superuser, by TLS. The box's cluster stands for DigitalOcean's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from images.builder.engine import docker
from images.builder.trial import Running, Trial
from rehearsal.droplets import database, image
from rehearsal.droplets.database import Database
from rehearsal.emulator import DatabaseCluster, DatabaseEndpoint
from tests.live.backups import Bench, secret

pytestmark = pytest.mark.live(needs=["engine"])

ENVIRONMENT = "rehearsal-managed"
HOST, PORT = "db.sprocket.rehearsal.test", 25060
NETWORK, RANGE, SERVER = "try-backup-database", "10.213.78.0/28", "10.213.78.2"


@pytest.fixture
def managed(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A cluster with its owner, which answers by its public name on the trial's network."""
    endpoint = DatabaseEndpoint(HOST, f"private-{HOST}", PORT, PORT + 1)
    cluster = DatabaseCluster("try-backup", "try-backup", "pg", "17", SERVER, RANGE, 22, endpoint)
    monkeypatch.setattr(database, "PREFIX", NETWORK)
    monkeypatch.setattr(database, "LABEL", "sprocket.try=1")
    monkeypatch.setattr(database, "have_private", lambda _: NETWORK)
    docker("network", "create", "--internal", "--subnet", RANGE, NETWORK)
    server = Database(cluster, image.of_platform("postgres"))
    try:
        server.create()
        docker("network", "connect", "--alias", HOST, trial.network, server.container)
        server.start()
        server.have({"doadmin": secret("postgres-password")}, ("defaultdb", "sprocket_main"))
        server.admit(None)
        yield Running(server.container)
    finally:
        server.delete()
        docker("network", "rm", NETWORK)


def sql(server: Running, text: str) -> str:
    words = (
        "psql",
        "-XqAt",
        "-v",
        "ON_ERROR_STOP=1",
        "-U",
        "postgres",
        "-p",
        str(PORT),
        "-d",
        "sprocket_main",
    )
    return server.expect(*words, stdin=text).strip()


def test_what_was_lost_comes_back(trial: Trial, managed: Running) -> None:
    bench = Bench(trial, "postgres", ENVIRONMENT)
    bench.services.start("postgres-keeper").wait("test", "-f", "/tmp/done")
    sql(managed, "SET ROLE sprocket_main; CREATE TABLE marker AS SELECT 7 AS v; CREATE EXTENSION pg_trgm")
    sql(managed, "CREATE ROLE analyst NOLOGIN; GRANT SELECT ON marker TO analyst")
    bench.start_job()
    manifest = bench.copy_and_fetch()
    assert "sprocket_main/public.marker 1 " in manifest
    assert "sprocket_main/extension:pg_trgm 1 -" in manifest
    assert bench.expect("verify") == manifest
    sql(managed, "DROP TABLE marker; CREATE TABLE newer AS SELECT 8 AS v")
    bench.expect("load")
    assert sql(managed, "SELECT v FROM marker") == "7"
    owners = "SELECT tableowner, has_table_privilege('analyst', 'marker', 'SELECT') FROM pg_tables WHERE tablename = 'marker'"
    assert sql(managed, owners) == "sprocket_main|t"
    assert sql(managed, "SELECT count(*) FROM pg_database WHERE datname ~ '_replaced_'") == "1"
    bench.expect("copy")
    assert sql(managed, "SELECT count(*) FROM pg_database WHERE datname ~ '_replaced_'") == "0"
    print(bench.in_words())
