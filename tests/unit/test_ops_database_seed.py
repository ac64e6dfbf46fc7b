"""Restoring a dump: the script runs here, with a psql that keeps what it is told."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from layers.loading import load_environment
from layers.platform.identity import identities_of
from ops.database import seed
from ops.database.dump import Dump, dump_at
from ops.database.server import KEEPER, Database
from ops.errors import Interrupted, OpsError, WrongUse
from tests.stacks.synthesis import declared, service
from tests.unit.ops_clock import FakeClock

PLAIN = Path(__file__).resolve().parents[1] / "live/data/made-up-league.sql"

PSQL = """#!/bin/sh
echo "$@" >> "$HERE/arguments"
cp "$PGPASSFILE" "$HERE/passfile"; ls -l "$PGPASSFILE" | cut -c1-10 > "$HERE/mode"
case "$*" in
  *--command*) echo "17 $TABLES" ;;
  *) cat > "$HERE/told"; if [ -n "$REFUSES" ]; then echo "psql:<stdin>:1: ERROR:  $REFUSES" >&2; exit 3; fi
     grep -q '^\\\\set whole 1$' "$HERE/told" || { echo "ERROR:  the dump is incomplete" >&2; exit 3; } ;;
esac
"""


class Engine:
    """As much of Docker's API as an exec needs; what it runs, it runs here."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = environment
        self.given: list[dict[str, Any]] = []
        self.codes: list[int] = []
        self.asked = 0
        self.knows_after = 0
        """How often it is asked before it knows an exit code."""
        (folder / "secrets").mkdir()
        (folder / "secrets/role-main").write_text("s3cret")
        for name, text in (
            ("psql", PSQL),
            ("pg_restore", '#!/bin/sh\necho "-- restored"; cat > /dev/null\n'),
        ):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    def exec_create(self, container: str, command: list[str], **given: Any) -> dict[str, str]:
        self.given.append({"command": command, **given})
        return {"Id": "run"}

    def exec_start(self, run: str, *, socket: bool) -> socket.socket:
        here, there = _pair()
        threading.Thread(target=self._run, args=(there,), daemon=True).start()
        return here

    def exec_inspect(self, run: str) -> dict[str, int | None]:
        self.asked += 1
        return {"ExitCode": self.codes[-1] if self.asked > self.knows_after else None}

    def _run(self, connection: socket.socket) -> None:
        given = self.given[-1]
        command = [word.replace("/run/secrets", str(self.folder / "secrets")) for word in given["command"]]
        environment = {
            "PATH": f"{self.folder}:/usr/bin:/bin",
            "HERE": str(self.folder),
            "TABLES": "0",
            "REFUSES": "",
        }
        run = subprocess.run(
            command,
            env={**environment, **self.environment, **given["environment"]},
            stdin=connection.fileno() if given["stdin"] else subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        self.codes.append(run.returncode)
        # The other side may have left.
        with connection, suppress(OSError):
            for number, content in ((1, run.stdout), (2, run.stderr)):
                if content:
                    connection.sendall(struct.pack(">BxxxL", number, len(content)) + content)


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair()


def database(engine: Engine) -> Database:
    return Database(
        api=engine, container="c", name="main", environment={"PGUSER": "main", "PGDATABASE": "main"}
    )


def restore(engine: Engine, dump: Dump) -> list[str]:
    said: list[str] = []
    database(engine).restore(dump, said.append)
    return said


def test_a_plain_dump_is_streamed_in_one_transaction(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    assert restore(engine, dump_at(PLAIN)) == ["restoring made-up-league.sql: 100 %"]
    assert (tmp_path / "told").read_bytes() == PLAIN.read_bytes() + b"\n\\set whole 1\n"
    arguments = (tmp_path / "arguments").read_text()
    assert "--single-transaction" in arguments and "--set=ON_ERROR_STOP=1" in arguments


def test_the_password_is_in_a_file_that_its_owner_alone_may_read(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    restore(engine, dump_at(PLAIN))
    assert (tmp_path / "passfile").read_text() == "*:*:*:main:s3cret\n"
    assert (tmp_path / "mode").read_text().strip() == "-rw-------"
    assert "s3cret" not in str(engine.given) + (tmp_path / "arguments").read_text()
    assert not list(Path("/dev/shm").glob(f"seed.{os.getpid()}*"))


def test_an_archive_goes_through_pg_restore(tmp_path: Path) -> None:
    file = tmp_path / "league.dump"
    file.write_bytes(b"anything")
    engine = Engine(tmp_path)
    restore(engine, Dump(path=file, kind="custom", version=15))
    assert (tmp_path / "told").read_text() == "-- restored\n\n\\set whole 1\n"


def test_an_archive_that_pg_restore_cannot_read_changes_nothing(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    (tmp_path / "pg_restore").write_text("#!/bin/sh\necho half; exit 1\n")
    file = tmp_path / "league.dump"
    file.write_bytes(b"anything")
    with pytest.raises(
        OpsError, match="database main is unchanged; the dump was refused: ERROR:  the dump is incomplete"
    ):
        restore(engine, Dump(path=file, kind="custom", version=15))


def test_a_dump_that_ends_early_does_not_say_that_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "league.sql"
    file.write_bytes(PLAIN.read_bytes()[:1500])
    engine = Engine(tmp_path)
    with pytest.raises(OpsError, match="pg_dump's last line is missing; the database is unchanged"):
        restore(engine, dump_at(file))
    assert not (tmp_path / "told").exists() or "whole" not in (tmp_path / "told").read_text()


def test_ctrl_c_ends_the_transaction_and_says_how_things_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chunks(dump: Dump) -> Iterator[tuple[bytes, int]]:
        yield PLAIN.read_bytes(), 1
        raise KeyboardInterrupt

    monkeypatch.setattr(Dump, "chunks", chunks)
    engine = Engine(tmp_path)
    with pytest.raises(
        Interrupted, match="stopped: the restore is one transaction, so database main is unchanged"
    ):
        restore(engine, dump_at(PLAIN))
    for _ in range(100):
        if engine.codes:
            break
        time.sleep(0.05)
    assert engine.codes == [3], "the other side has seen the end, and no word that all of it came"


def test_ctrl_c_after_the_last_byte_does_not_say_that_nothing_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(run: str) -> dict[str, int]:
        raise KeyboardInterrupt

    engine = Engine(tmp_path)
    monkeypatch.setattr(engine, "exec_inspect", interrupted)
    with pytest.raises(Interrupted, match="stopped waiting: the server has the entire dump and may still"):
        restore(engine, dump_at(PLAIN))


@pytest.mark.parametrize(
    ("refuses", "fix"),
    [
        ('role "other" does not exist', "make a plain dump with pg_dump --no-owner --no-acl"),
        ("permission denied", "fix that, then run the command again"),
    ],
)
def test_what_the_server_refuses_is_said_in_its_words(tmp_path: Path, refuses: str, fix: str) -> None:
    with pytest.raises(OpsError) as error:
        restore(Engine(tmp_path, REFUSES=refuses), dump_at(PLAIN))
    assert error.value.problem.endswith(f"the dump was refused: psql:<stdin>:1: ERROR:  {refuses}")
    assert error.value.fix.startswith(fix)


def test_a_command_whose_end_the_engine_does_not_know_yet_is_waited_for(tmp_path: Path) -> None:
    engine = Engine(tmp_path, REFUSES="no")
    engine.knows_after = 2
    with pytest.raises(OpsError, match="the dump was refused"):
        restore(engine, dump_at(PLAIN))
    assert engine.asked == 3


def test_a_command_that_does_not_end_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeClock(monkeypatch)
    engine = Engine(tmp_path)
    engine.knows_after = 1000
    with pytest.raises(OpsError, match=r"ended before the command did, so the result is unknown"):
        restore(engine, dump_at(PLAIN))


def test_a_database_with_tables_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(
        OpsError, match="database main of local has 29 tables, views and sequences; nothing was changed"
    ):
        seed._check(
            database(Engine(tmp_path, TABLES="29")), dump_at(PLAIN), replace=False, environment="local"
        )
    seed._check(database(_other(tmp_path)), dump_at(PLAIN), replace=True, environment="local")


def _other(tmp_path: Path) -> Engine:
    folder = tmp_path / "other"
    folder.mkdir()
    return Engine(folder, TABLES="29")


def test_a_dump_of_a_later_server_is_refused(tmp_path: Path) -> None:
    dump = Dump(path=PLAIN, kind="plain", version=18)
    with pytest.raises(OpsError, match="is from Postgres 18, and local has 17"):
        seed._check(database(Engine(tmp_path)), dump, replace=True, environment="local")


def test_several_instances_need_a_name() -> None:
    identities = identities_of(load_environment("staging"))
    names = [identity.name for identity in identities]
    assert len(names) > 1
    with pytest.raises(WrongUse, match="staging has several instances"):
        seed._chosen(identities, None, "staging")
    with pytest.raises(WrongUse, match="staging has no instance 'none'"):
        seed._chosen(identities, "none", "staging")
    assert seed._chosen(identities, names[1], "staging").name == names[1]


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_the_keeper_has_the_password_of_the_owner_and_reaches_the_server(environment: str) -> None:
    keeper = service(declared(environment), KEEPER)
    identity = identities_of(load_environment(environment))[0]
    assert f"/run/secrets/role-{identity.database_role}" in [mount.at for mount in keeper.file_mounts]


def test_no_keeper_is_no_database() -> None:
    identity = identities_of(load_environment("local"))[0]
    engine: Any = SimpleNamespace(api=SimpleNamespace(containers=lambda filters: []))
    server = load_environment("local").data.postgres
    with pytest.raises(OpsError, match="local has no database yet: no healthy task of postgres-keeper runs"):
        seed._database([engine], identity, server, "local")


class Cluster:
    """A swarm with the service migration; asking for its tasks takes the next answer."""

    def __init__(self, *answers: list[tuple[str, bool]]) -> None:
        self.answers = list(answers)
        self.stopped: list[str] = []
        self.api = self

    def services(self) -> list[Any]:
        return [SimpleNamespace(name="migration", id="s")]

    def tasks(self) -> list[Any]:
        tasks = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [SimpleNamespace(id=id_, service_id="s", runs=runs) for id_, runs in tasks]

    def containers(self, filters: dict[str, str]) -> list[dict[str, str]]:
        return [{"Id": filters["label"]}]

    def stop(self, container: str, timeout: int) -> None:
        self.stopped.append(container)

    def log_tail(self, id_: str, lines: int) -> list[str]:
        return ["migration: failed with status 1"]


def test_a_task_that_ran_before_the_restore_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeClock(monkeypatch)
    old, new = ("old", True), ("new", True)
    cluster: Any = Cluster([old], [old], [("old", False), ("new", False)], [new])
    ended = seed._restart([cluster], "migration")
    assert ended == {"old"}
    assert cluster.stopped == ["com.docker.swarm.service.name=migration"]
    said: list[str] = []
    assert seed._wait_for(cluster, "migration", said.append, besides=ended)
    assert said == ["waiting for migration"]


def test_what_does_not_become_healthy_is_an_error_with_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock(monkeypatch)
    cluster: Any = Cluster([("new", False)])
    with pytest.raises(OpsError, match=r"(?s)migration is not healthy.*migration: failed with status 1"):
        seed._wait_for(cluster, "migration", lambda text: None, besides=frozenset())
    assert clock.now == seed.READY_WITHIN_S
    assert not seed._wait_for(cluster, "core", lambda text: None, besides=frozenset()), "it is not deployed"
