"""The program that migrates, run by Node against a data source that says what the test wants it to say."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from layers.platform import migration

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not on this machine; it runs the program")

SOURCE = """
import fs from "node:fs";
const given = JSON.parse(fs.readFileSync("./given.json", "utf8"));
const migrations = given.image.map((name) => ({ name }));
let { recorded, tables } = given;
const source = {
    options: { username: "main", host: "postgres", port: 5432, database: "main", schema: "public", migrationsTableName: "migrations" },
    migrations,
    entityMetadatas: given.mapped.map((tablePath) => ({ tablePath })),
    isInitialized: false,
    setOptions(options) { console.log(JSON.stringify(options)); },
    async initialize() { source.isInitialized = true; },
    async destroy() { console.log("left"); },
    async query(statement, values) {
        if (statement.includes("to_regclass")) return values[0].filter((name) => !tables.includes(name)).map((name) => ({ name }));
        if (statement.startsWith("SELECT name")) return recorded.map((name) => ({ name }));
        console.log(statement.replace(/\\s+/g, " "));
        return [];
    },
    async runMigrations() {
        if (given.error) throw Object.assign(new Error(given.error), { query: "ALTER TABLE round" });
        if (given.code) throw Object.assign(new AggregateError([]), { code: given.code });
        console.log("runs");
        recorded = [...recorded, ...given.runs];
        tables = [...tables, ...given.makes];
        return given.runs.map((name) => ({ name }));
    },
};
export default source;
"""

WHOLE = {
    "image": ["First1", "Second2"],
    "recorded": ["First1"],
    "runs": ["Second2"],
    "mapped": ["mledb.player", "sprocket.user"],
    "tables": ["mledb.player"],
    "makes": ["sprocket.user"],
}


def _run(folder: Path, **changes: object) -> subprocess.CompletedProcess[str]:
    (folder / "node_modules/ts-node").mkdir(parents=True)
    (folder / "node_modules/ts-node/index.js").write_text("exports.register = () => {};\n")
    (folder / "ormconfig.mjs").write_text(SOURCE)
    (folder / "given.json").write_text(json.dumps({**WHOLE, **changes}))
    (folder / "migrate.cjs").write_text((migration.HERE / "migrate.cjs").read_text())
    return subprocess.run(
        [str(NODE), str(folder / "migrate.cjs")],
        env={"SCHEMAS": "sprocket,history", "SEED": "python -m ops seed --from DUMP"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_whole_database_is_migrated(tmp_path: Path) -> None:
    run = _run(tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    options, *lines = run.stdout.splitlines()
    assert json.loads(options) == {
        "migrations": ["migrations/*.ts"],
        "extra": {"options": "-c search_path=sprocket,public"},
    }
    assert lines[:2] == ['CREATE SCHEMA IF NOT EXISTS "sprocket"', 'CREATE SCHEMA IF NOT EXISTS "history"']
    assert lines[2].startswith('CREATE TABLE IF NOT EXISTS "public"."migrations" ')
    assert lines[3:] == ["runs", "migration Second2: done", "all 2 migrations and 2 tables are there", "left"]


def test_a_database_without_the_tables_of_a_dump_is_refused_before_anything_is_changed(
    tmp_path: Path,
) -> None:
    mapped = [f"mledb.t{number}" for number in range(7)]
    run = _run(tmp_path, mapped=mapped, tables=[])
    assert run.returncode == 1
    assert "runs" not in run.stdout and "CREATE" not in run.stdout
    assert run.stderr == (
        "main@postgres:5432/main: the database is not whole: core needs mledb.t0, mledb.t1, mledb.t2, mledb.t3, mledb.t4 "
        "and 2 more, which no migration makes. Restore a dump of the league's database; what waits here goes on by "
        "itself: python -m ops seed --from DUMP\n"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"error": 'relation "round" does not exist'},
            'relation "round" does not exist; in: ALTER TABLE round',
        ),
        ({"code": "ECONNREFUSED"}, "ECONNREFUSED"),
        ({"runs": []}, "these migrations of the image are not in the database: Second2"),
        (
            {"makes": []},
            "all migrations are done and core still has no table sprocket.user; restore them from a dump",
        ),
        ({"image": []}, "there are no migrations in /app/core/migrations; is the image core's?"),
    ],
)
def test_what_is_not_done_does_not_count_as_done(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    run = _run(tmp_path, **changes)
    assert run.returncode == 1
    assert run.stderr == f"main@postgres:5432/main: {reason}\n"
    assert run.stdout.endswith("left\n")
