"""Restores a dump into the database of one instance, before core's first version can start."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.utils.socket import frames_iter

from layers.platform.identity import Identity, identities_of
from layers.settings.data import Postgres
from ops import screen
from ops.dump import Dump, dump_at
from ops.engines import engines
from ops.errors import Interrupted, OpsError, WrongUse
from ops.swarm import Swarm
from ops.target import target_of

KEEPER = "postgres-keeper"
"""It has psql, pg_restore, the roles' passwords, and a way to the server wherever that is."""

READY_WITHIN_S = 300.0
"""For the migration, and for core after it where it is restarted."""

_AS_OWNER = """set -eu
umask 077
own=/dev/shm/seed.$$
trap 'rm -f "$own".*' EXIT
trap 'exit 143' HUP INT TERM
printf '*:*:*:%s:%s\\n' "$PGUSER" "$(cat "/run/secrets/role-$PGUSER")" > "$own.pass"
export PGPASSFILE="$own.pass" PGAPPNAME=seed
"""

_ASK = "psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --field-separator=' ' --command \"$1\"\n"

_STATE = """SELECT current_setting('server_version_num')::int / 10000, count(*) FROM pg_class c JOIN pg_namespace n
ON n.oid = relnamespace WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'"""

# One transaction. What says that all of the dump has come is set after its last byte; a cut connection looks like its end.
_RESTORE = """cat > "$own.before" <<'SQL'
SET client_min_messages = warning;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', name);
    END LOOP;
END $$;
CREATE SCHEMA public;
SQL
cat > "$own.after" <<'SQL'
\\if :{?whole}
\\else
DO $$ BEGIN RAISE EXCEPTION 'the dump did not come to its end'; END $$;
\\endif
SQL
READ | psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --single-transaction \
    --file="$own.before" --file=- --file="$own.after"
"""

_WHOLE = "\\set whole 1"
_READERS = {
    "plain": "cat",
    "custom": f"{{ pg_restore --no-owner --no-privileges --file=- && printf '\\n%s\\n' '{_WHOLE}'; }}",
}


def seed(environment: str, *, instance: str | None, path: Path, replace: bool) -> None:
    """Restores a dump, as the role that owns the database, in one transaction; then waits for the migration.

    Args:
        instance: which, where the environment has several.
        replace: delete all that is in the database first, in the same transaction.

    Raises:
        WrongUse: the file is no dump, or the instance does not exist.
        OpsError: there is no database yet, it is not empty, or the restore failed; it is then as it was before.
    """
    dump = dump_at(path)
    with screen.doing() as say:
        say(f"synthesizing {environment}")
        target = target_of(environment)
        identity = _chosen(identities_of(target.settings), instance, environment)
        with engines(target) as found:
            database = _database(found, identity, target.settings.data.postgres, environment)
            _check(database, dump, replace=replace, environment=environment)
            database.restore(dump, say)
            screen.err.print(f"{path} is in database {identity.database} of {environment}")
            migration, core = identity.service("migration"), identity.service("core")
            old = _restart(found, migration) if replace else frozenset()
            migrated = _wait_for(found[0], migration, say, besides=old)
            if replace and migrated:
                _wait_for(found[0], core, say, besides=_restart(found, core))
    screen.err.print(
        "the migration is done; a deploy that waits for it goes on by itself"
        if migrated
        else f"nothing migrates yet: make up ENV={environment}"
    )


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database, reached from inside the keeper's container.

    Args:
        environment: of what is run there; no secrets.
    """

    api: Any
    container: str
    name: str
    environment: dict[str, str]

    def ask(self, statement: str) -> str:
        """What a query answers, as text.

        Raises:
            OpsError: the server's own words.
        """
        code, out, err = self._run(_AS_OWNER + _ASK, [statement])
        if code:
            raise OpsError(
                f"database {self.name}: {_reason(err)}", fix=f"look at its log: docker service logs {KEEPER}"
            )
        return out.decode().strip()

    def restore(self, dump: Dump, say: Callable[[str], None]) -> None:
        """Streams the dump in; nothing is changed unless all of it came and was accepted."""
        script = _AS_OWNER + _RESTORE.replace("READ", _READERS[dump.kind])
        try:
            code, _, err = self._run(script, [], feed=_Feed(dump=dump, say=say))
        except KeyboardInterrupt:
            raise Interrupted(
                f"stopped: the restore is one transaction, and database {self.name} is as it was",
                fix="repeat the command",
            ) from None
        if code:
            fix = "repeat the command when that is mended"
            if b"role" in err and b"does not exist" in err:
                fix = (
                    "make a plain dump with pg_dump --no-owner --no-acl: roles of another server are not here"
                )
            raise OpsError(
                f"database {self.name} is as it was; the dump was refused: {_reason(err)}", fix=fix
            )

    def _run(self, script: str, words: list[str], feed: _Feed | None = None) -> tuple[int, bytes, bytes]:
        command = ["/bin/sh", "-c", script, "seed", *words]
        run = self.api.exec_create(
            self.container, command, stdin=feed is not None, environment=self.environment
        )["Id"]
        stream = self.api.exec_start(run, socket=True)
        connection: socket.socket = getattr(stream, "_sock", stream)
        connection.settimeout(None)
        answers = {1: bytearray(), 2: bytearray()}

        def read() -> None:
            # Who leaves before all was written to it resets the connection; what it said came first.
            with suppress(ConnectionResetError):
                for number, data in frames_iter(stream, tty=False):  # type: ignore[no-untyped-call]
                    answers[number] += data

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            if feed is not None:
                feed.into(connection)
            reader.join()
        finally:
            # The reader holds the connection too: closing it here alone would leave the other side waiting for more.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            reader.join(5)
            stream.close()
        return int(self.api.exec_inspect(run)["ExitCode"] or 0), bytes(answers[1]), bytes(answers[2])


@dataclass(frozen=True, kw_only=True)
class _Feed:
    """Writes a dump to a connection, and says how far it is."""

    dump: Dump
    say: Callable[[str], None]

    def into(self, connection: socket.socket) -> None:
        size = max(self.dump.bytes_on_disk, 1)
        said = -1
        try:
            for chunk, read in self.dump.chunks():
                connection.sendall(chunk)
                if (percent := 10 * (10 * read // size)) > said:
                    said = percent
                    self.say(f"restoring {self.dump.path.name}: {percent} %")
            if self.dump.kind == "plain":
                connection.sendall(f"\n{_WHOLE}\n".encode())
            connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the other side has ended; it says why


def _chosen(identities: list[Identity], name: str | None, environment: str) -> Identity:
    names = [identity.name for identity in identities]
    if name is None and len(names) > 1:
        raise WrongUse(
            f"{environment} has several instances", fix=f"add --instance, one of {', '.join(names)}"
        )
    if name is not None and name not in names:
        raise WrongUse(f"{environment} has no instance {name!r}", fix=f"use one of {', '.join(names)}")
    return identities[names.index(name) if name else 0]


def _database(found: list[Swarm], identity: Identity, server: Postgres, environment: str) -> Database:
    for engine in found:
        containers = _containers(engine, KEEPER, health="healthy")
        if containers:
            return Database(
                api=engine.api,
                container=containers[0],
                name=identity.database,
                environment={
                    "PGHOST": server.host or "postgres",
                    "PGPORT": str(server.port),
                    "PGSSLMODE": "require" if server.where == "managed" else "disable",
                    "PGUSER": identity.database_role,
                    "PGDATABASE": identity.database,
                    "PGCONNECT_TIMEOUT": "10",
                },
            )
    raise OpsError(
        f"{environment} has no database yet: no healthy task of {KEEPER} runs",
        fix=f"start the deploy (make up ENV={environment}); while its migration waits for the dump, run this in a second terminal",
    )


def _check(database: Database, dump: Dump, *, replace: bool, environment: str) -> None:
    version, tables = map(int, database.ask(_STATE).split())
    if dump.version > version:
        raise OpsError(
            f"{dump.path} is from Postgres {dump.version}, and {environment} has {version}: a dump goes into its own version "
            "or a later one",
            fix="dump from an older server, or move the environment to that version first",
        )
    if tables and not replace:
        raise OpsError(
            f"database {database.name} of {environment} has {tables} tables; nothing was changed",
            fix="--replace deletes all of them first",
        )


def _containers(engine: Swarm, service: str, health: str | None = None) -> list[str]:
    filters = {"label": f"com.docker.swarm.service.name={service}", "status": "running"}
    if health:
        filters["health"] = health
    return [str(raw["Id"]) for raw in engine.api.containers(filters=filters)]


def _restart(found: list[Swarm], service: str) -> frozenset[str]:
    """Ends the service's tasks, so that new ones read the database anew, and returns the ids of those that ran."""
    id_ = _id_of(found[0], service)
    ended = frozenset(task.id for task in found[0].tasks() if task.service_id == id_)
    for engine in found:
        for container in _containers(engine, service):
            engine.api.stop(container, timeout=30)
    return ended


def _id_of(swarm: Swarm, service: str) -> str | None:
    return next((known.id for known in swarm.services() if known.name == service), None)


def _wait_for(swarm: Swarm, service: str, say: Callable[[str], None], *, besides: frozenset[str]) -> bool:
    """Whether a task of the service, other than these, has become healthy; false where the service is not deployed.

    Raises:
        OpsError: it has not in time; with the last lines of its log.
    """
    id_ = _id_of(swarm, service)
    if id_ is None:
        return False
    deadline = time.monotonic() + READY_WITHIN_S
    while not any(task.runs and task.id not in besides for task in swarm.tasks() if task.service_id == id_):
        if time.monotonic() > deadline:
            raise OpsError(
                f"the dump is in, and {service} is not well after {READY_WITHIN_S:.0f} s:\n    "
                + "\n    ".join(swarm.log_tail(id_, 5)),
                fix=f"docker service logs {service} has all of it; a deploy tries it again",
            )
        say(f"waiting for {service}")
        time.sleep(2)
    return True


def _reason(err: bytes) -> str:
    lines = [line for line in err.decode(errors="replace").splitlines() if line.strip()]
    return next(
        (line for line in lines if "ERROR" in line or "error" in line),
        lines[0] if lines else "no reason given",
    )
