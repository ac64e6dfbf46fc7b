"""What the platform layer relies on in the application's source: a record, with the line of each fact."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from layers.platform import migration, replay_parse_service
from layers.platform.instance import SCHEMAS

ROOT = Path(__file__).resolve().parents[2]
RECORD = YAML(typ="safe").load((ROOT / "tests/recorded/core-f0abc12.yaml").read_text())
PROGRAM = (migration.HERE / "migrate.cjs").read_text()
DUMP = (ROOT / "tests/live/data/made-up-league.sql").read_text()


def at(fact: str) -> str:
    """Where it is, as comments quote it: file and line without the folders."""
    return str(RECORD["facts"][fact]["at"]).rsplit("/", 1)[-1]


@pytest.mark.parametrize("fact", ["status-dropped", "unqualified", "peak"])
def test_the_code_that_follows_from_a_line_quotes_it(fact: str) -> None:
    texts = (PROGRAM, str(migration.Migration.__doc__), Path(replay_parse_service.__file__).read_text())
    assert any(at(fact) in text for text in texts)


def test_the_program_does_not_end_through_the_command_that_drops_its_status() -> None:
    assert "spawnSync" in RECORD["facts"]["status-dropped"]["says"]
    assert "npm" not in PROGRAM and "npm" not in (migration.HERE / "migrate.sh").read_text()


def test_the_migrations_of_the_image_are_found_where_its_source_has_them() -> None:
    assert 'migrations: ["migrations/*.ts"]' in PROGRAM
    assert all(file.endswith(".ts") for file in RECORD["migrations"])
    # A name is not always the file's: TypeORM records what the class says.
    assert RECORD["migrations"]["1661096112045-AddReqRatifications.ts"] == "Automigration1661096112045"


def test_every_schema_that_core_maps_is_made() -> None:
    assert set(RECORD["mapped"]) <= set(SCHEMAS)


def test_the_made_up_dump_has_what_no_migration_makes() -> None:
    assert len(RECORD["mledb"]) == RECORD["mapped"]["mledb"]
    for table in RECORD["mledb"]:
        assert f"CREATE TABLE mledb.{table} (" in DUMP
    # Core does not map it, and a migration alters it.
    assert "history" in RECORD["facts"]["unmade-history"]["says"]
    assert "CREATE TABLE history.franchise_profile_history (" in DUMP
    assert "CREATE TABLE sprocket." not in DUMP


def test_a_parser_child_may_do_more_than_one_replay_within_its_place() -> None:
    measured = RECORD["measured"]
    assert measured["parser_child_mib"] < replay_parse_service.MEMORY_PER_CHILD
    assert (
        replay_parse_service.MEMORY_PER_CHILD + measured["parser_parent_mib"]
        <= replay_parse_service.MEMORY_PER_PLACE
    )
