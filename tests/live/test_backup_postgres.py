"""Postgres: copies while it is written to, to the bucket and back, and a restore that replaces all or nothing."""

from __future__ import annotations

import re
import time

import pytest

from images.builder.engine import docker
from images.builder.trial import Running, Trial
from layers.data.postgres import LISTENS
from tests.live.backups import WITHIN_S, Bench, disk, fill

pytestmark = pytest.mark.live(needs=["engine"])

DATABASE = "sprocket_main"
DATA = "/var/lib/postgresql/data"
LEAGUE = """
SET ROLE sprocket_main;
CREATE SCHEMA mledb;
CREATE TYPE mledb.mood AS ENUM ('sad', 'happy');
CREATE TABLE mledb.player (id serial PRIMARY KEY, name text NOT NULL, mood mledb.mood DEFAULT 'happy', rating double precision,
    seen timestamptz DEFAULT now(), photo bytea, extra jsonb, price money DEFAULT 12.5, kind varchar CHECK (kind IN ('a', 'b')));
CREATE TABLE mledb."odd name" (t text, "a_row" int);
CREATE TABLE mledb.written (at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE mledb.written_now PARTITION OF mledb.written DEFAULT;
CREATE VIEW mledb.happy AS SELECT name FROM mledb.player WHERE mood = 'happy' AND kind IN ('a', 'b');
CREATE FUNCTION mledb.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE INDEX ON mledb.player (lower(name));
INSERT INTO mledb.player (name, rating, photo, extra, kind)
    SELECT 'player ' || n, n / 3.0, decode(md5(n::text), 'hex'), jsonb_build_object('n', n), 'a' FROM generate_series(1, 5000) n;
INSERT INTO mledb."odd name" VALUES ('marker', 7);
RESET ROLE;
CREATE ROLE analyst LOGIN;
GRANT USAGE ON SCHEMA mledb TO analyst;
GRANT SELECT ON mledb.player TO analyst;
ALTER DATABASE sprocket_main SET work_mem TO '5MB';
SELECT lo_from_bytea(0, 'large');
"""


def sql(server: Running, text: str, *, database: str = DATABASE) -> str:
    """What the superuser is answered."""
    words = ("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database)
    return server.expect(*words, stdin=text).strip()


def start(bench: Bench, *options: str) -> Running:
    """A server with what its keeper makes."""
    server = bench.services.start("postgres", options=options)
    server.wait("sh", "-c", LISTENS)
    bench.services.start("postgres-keeper").wait("test", "-f", "/tmp/done")
    return server


def databases(server: Running) -> list[str]:
    return sql(server, "SELECT datname FROM pg_database WHERE datname ~ '^sprocket' ORDER BY 1").split()


def is_whole(server: Running) -> None:
    """All that no count shows came back: owners, privileges, settings, sequences."""
    assert sql(server, """SELECT a_row FROM mledb."odd name" WHERE t = 'marker'""") == "7"
    assert sql(server, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'mledb'") == DATABASE
    assert sql(server, "SELECT has_table_privilege('analyst', 'mledb.player', 'SELECT')") == "t"
    assert sql(server, "SHOW work_mem") == "5MB"
    assert sql(server, "SELECT nextval('mledb.player_id_seq') > (SELECT max(id) FROM mledb.player)") == "t"
    assert sql(server, "SELECT mledb.one(), (SELECT count(*) > 4000 FROM mledb.happy)") == "1|t"
    assert sql(server, f"SELECT has_database_privilege('telegraf', '{DATABASE}', 'CONNECT')") == "f"


def test_what_was_lost_comes_back(trial: Trial) -> None:
    bench = Bench(trial, "postgres")
    server = start(bench)
    sql(server, LEAGUE)
    bench.start_job()
    writes = 'while :; do echo "BEGIN; INSERT INTO mledb.written VALUES (now()); UPDATE mledb.player SET seen = now() WHERE id % 50 = 1; COMMIT;"; done'
    docker("exec", "--detach", server.name, "sh", "-c", f"({writes}) | psql -XqU postgres -d {DATABASE}")
    manifest = bench.copy_and_fetch()
    written = int(sql(server, "SELECT count(*) FROM mledb.written"))
    assert written > 10
    assert 'sprocket_main/mledb."odd_name" 1 ' in manifest
    assert f"{DATABASE}/mledb.player 5000 " in manifest
    assert "SUPERUSER" in bench.job.expect("cat", "/spool/fetched/roles.sql")
    assert "PASSWORD" not in bench.job.expect("cat", "/spool/fetched/roles.sql")
    assert bench.expect("verify") == manifest

    docker("rm", "--force", server.name)
    # Not emptied while it runs: what it writes in between makes the next start refuse the folder.
    docker("volume", "rm", trial.volume(bench.services.volumes("postgres")[DATA]))
    server = start(bench)
    assert sql(server, "SELECT count(*) FROM pg_tables WHERE schemaname = 'mledb'") == "0"
    bench.expect("load")
    is_whole(server)
    assert len(databases(server)) == 2, "what it replaced is kept"
    bench.expect("copy")
    assert databases(server) == [DATABASE], "until the next copy"
    print(bench.in_words())


def test_a_copy_with_one_changed_row_is_refused_and_replaces_nothing(trial: Trial) -> None:
    bench = Bench(trial, "postgres")
    server = start(bench)
    sql(server, LEAGUE)
    bench.start_job()
    manifest = bench.copy_and_fetch()
    sql(server, "INSERT INTO mledb.\"odd name\" VALUES ('newer', 8)")
    bench.job.expect(
        "sh", "-c", "sed -i 's/player 4999\\t/player 4998\\t/' /spool/fetched/sprocket_main/*.dat"
    )
    found = bench.expect("verify")
    differing = set(found.splitlines()) ^ set(manifest.splitlines())
    assert {line.split()[0] for line in differing} == {f"{DATABASE}/mledb.player"}
    done = bench.ask("load")
    assert done.code == 1
    assert "nothing was replaced" in done.output
    assert f"{DATABASE}/mledb.player 5000" in done.output.splitlines()[-1]
    assert sql(server, 'SELECT count(*) FROM mledb."odd name"') == "2"


def test_a_killed_restore_replaces_nothing_and_is_finished_by_the_next(trial: Trial) -> None:
    bench = Bench(trial, "postgres")
    server = start(bench)
    sql(
        server,
        LEAGUE + "CREATE TABLE large AS SELECT n, repeat(md5(n::text), 8) FROM generate_series(1, 300000) n;",
    )
    job = bench.start_job()
    bench.copy_and_fetch()
    sql(server, "INSERT INTO mledb.\"odd name\" VALUES ('newer', 8)")
    docker(
        "exec",
        "--detach",
        server.name,
        "psql",
        "-U",
        "postgres",
        "-d",
        DATABASE,
        "-c",
        "SELECT pg_sleep(600)",
    )
    number = bench.order("load")
    deadline = time.monotonic() + WITHIN_S
    while f"{DATABASE}_restoring" not in databases(server):
        assert time.monotonic() < deadline, job.log()
        time.sleep(0.1)
    docker("kill", job.name)
    assert sql(server, 'SELECT count(*) FROM mledb."odd name"') == "2"
    docker("start", job.name)
    with bench.timed("load after a kill"):
        assert bench.answer(number) == 0, job.log()
    is_whole(server)
    assert [name for name in databases(server) if "restoring" in name] == []
    print(bench.in_words())


def test_a_server_that_is_down_is_named_and_the_last_copy_stays(trial: Trial) -> None:
    bench = Bench(trial, "postgres")
    server = start(bench)
    bench.start_job()
    bench.expect("copy")
    snapshot = bench.sent()
    docker("stop", server.name)
    done = bench.ask("copy")
    assert done.code == 1
    assert done.output.strip() == "error: Postgres does not answer at postgres:5432"
    assert "does not answer" in bench.job.expect("cat", "/spool/failed")
    bench.fetch(snapshot)
    assert bench.expect("verify") == bench.manifest()


def test_a_disk_without_room_for_a_load_is_said_and_the_server_goes_on(trial: Trial) -> None:
    """It would end for good: Postgres does not run without room for its log."""
    bench = Bench(trial, "postgres")
    disk(trial, "sprocket-postgres", "400m")
    server = start(bench, "--memory", "1g")
    sql(server, LEAGUE)
    bench.start_job()
    bench.copy_and_fetch()
    sql(server, "INSERT INTO mledb.\"odd name\" VALUES ('newer', 8)")
    fill(server, DATA, but=40_000)
    done = bench.ask("load")
    assert done.code == 1
    assert re.fullmatch(
        r"error: no space left: the disk of Postgres has [34]\d{4} KiB free, and a load takes about \d+ KiB; nothing was replaced",
        done.output.strip(),
    )
    assert databases(server) == [DATABASE]
    assert sql(server, 'SELECT count(*) FROM mledb."odd name"') == "2"
    server.expect("rm", f"{DATA}/filler")
    bench.expect("load")
    is_whole(server)
    print(bench.in_words())


BAD_MIGRATION = """
SET ROLE sprocket_main;
BEGIN;
ALTER TABLE mledb.player DROP COLUMN extra;
DELETE FROM mledb.player WHERE id > 100;
UPDATE mledb.player SET name = 'unknown', kind = 'b';
DROP TABLE mledb."odd name";
CREATE TABLE mledb.migrated (at timestamptz DEFAULT now());
INSERT INTO mledb.migrated DEFAULT VALUES;
COMMIT;
"""


def test_what_a_bad_migration_did_is_undone_by_the_copy_from_before_it(trial: Trial) -> None:
    bench = Bench(trial, "postgres")
    server = start(bench)
    sql(server, LEAGUE)
    bench.start_job()
    bench.expect("copy")
    before = bench.sent()
    sql(server, BAD_MIGRATION)
    bench.expect("copy")
    assert bench.sent() != before, "the newest copy has what the migration did"
    bench.fetch(before)
    manifest = bench.manifest()
    assert bench.expect("verify") == manifest
    bench.expect("load")
    is_whole(server)
    assert sql(server, "SELECT count(*), count(extra), max(name) FROM mledb.player") == "5000|5000|player 999"
    assert sql(server, "SELECT to_regclass('mledb.migrated') IS NULL") == "t"
    print(bench.in_words())
