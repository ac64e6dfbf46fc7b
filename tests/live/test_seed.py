"""A dump restored into the running local platform: refused, put in place of what is there, and migrated again."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.platform.identity import identities_of
from ops.database.seed import seed
from ops.errors import OpsError
from ops.report.programs import programs_of
from rehearsal.suite.markers import PSQL
from tests.live.local_platform import ENVIRONMENT, LocalPlatform, disruptive

pytestmark = [pytest.mark.live, pytest.mark.proof]

DUMP = Path(__file__).parent / "data/made-up-league.sql"


def test_a_dump_takes_the_place_of_what_is_there_and_is_migrated(
    platform: LocalPlatform, tmp_path: Path
) -> None:
    disruptive()
    if programs_of(platform.target.wanted)["core"].is_stand_in:
        pytest.skip(
            "a stand-in of core migrates nothing, and one runs here; SPROCKET_PROGRAMS brings the real one"
        )
    identity = identities_of(platform.settings)[0]

    def ask(statement: str) -> str:
        return platform.sh("postgres", f'{PSQL} -d {identity.database} -Atc "{statement}"')

    with pytest.raises(OpsError, match=r"has \d+ tables; nothing was changed"):
        seed(ENVIRONMENT, instance=None, path=DUMP, replace=False)

    before = ask("SELECT count(*) FROM pg_tables")
    broken = tmp_path / "broken.sql"
    broken.write_text(DUMP.read_text().replace("CREATE SCHEMA mledb;", "CREATE SCHEMA mledb; SELECT 1/0;"))
    with pytest.raises(OpsError, match=r"is unchanged; the dump was refused: .*division by zero"):
        seed(ENVIRONMENT, instance=None, path=broken, replace=True)
    assert ask("SELECT count(*) FROM pg_tables") == before

    seed(ENVIRONMENT, instance=None, path=DUMP, replace=True)
    platform.wait_for_convergence()
    assert ask("SELECT count(*) FROM mledb.player") == "3"
    assert ask("SELECT count(*) FROM public.migrations") != "0"
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('mledb', 'sprocket', 'public')"
    assert ask(owners) == identity.database_role
