"""A database of the platform, through a container that has the passwords of its roles."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ops.database.dump import Dump
from ops.errors import Interrupted, OpsError
from ops.lines import lines_in, text_of
from ops.swarm import exec_stream

KEEPER = "postgres-keeper"
"""Service with psql, pg_restore, the roles' passwords, and a connection to the server."""

_AS_OWNER = """set -eu
umask 077
own=/dev/shm/seed.$$
trap 'rm -f "$own".*' EXIT
trap 'exit 143' HUP INT TERM
printf '*:*:*:%s:%s\\n' "$PGUSER" "$(cat "/run/secrets/role-$PGUSER")" > "$own.pass"
export PGPASSFILE="$own.pass" PGAPPNAME=seed
"""

_ASK = "psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --field-separator=' ' --command \"$1\"\n"

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
DO $$ BEGIN RAISE EXCEPTION 'the dump is incomplete'; END $$;
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


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database, reached from inside the keeper's container.

    Args:
        environment: variables of the commands; no secrets.
    """

    api: Any
    container: str
    name: str
    environment: dict[str, str]

    def ask(self, statement: str) -> str:
        """The result of a query, as text.

        Raises:
            OpsError: with the server's message.
        """
        code, out, err = self._run(_AS_OWNER + _ASK, [statement])
        if code:
            raise OpsError(
                f"database {self.name}: {_reason(err)}", fix=f"look at its log: docker service logs {KEEPER}"
            )
        return out.decode().strip()

    def restore(self, dump: Dump, say: Callable[[str], None]) -> None:
        """Streams the dump into the database; changes nothing unless all of it arrives and is accepted."""
        script = _AS_OWNER + _RESTORE.replace("READ", _READERS[dump.kind])
        feed = _Feed(dump=dump, say=say)
        try:
            code, _, err = self._run(script, [], feed=feed)
        except KeyboardInterrupt:
            if feed.sent.is_set():
                raise Interrupted(
                    f"stopped waiting: the server has the entire dump and may still commit it to database {self.name}",
                    fix="run the command again later; without --replace it changes nothing if the database has tables",
                ) from None
            raise Interrupted(
                f"stopped: the restore is one transaction, so database {self.name} is unchanged",
                fix="run the command again",
            ) from None
        if code:
            fix = "fix that, then run the command again"
            if b"role" in err and b"does not exist" in err:
                fix = "make a plain dump with pg_dump --no-owner --no-acl: the roles of the other server do not exist here"
            raise OpsError(
                f"database {self.name} is unchanged; the dump was refused: {_reason(err)}", fix=fix
            )

    def _run(self, script: str, words: list[str], feed: _Feed | None = None) -> tuple[int, bytes, bytes]:
        """Runs a script in the keeper's container: its exit code, output and errors.

        Raises:
            OpsError: the command did not end in time.
        """
        done = exec_stream.run(
            self.api,
            self.container,
            ["/bin/sh", "-c", script, "seed", *words],
            feed=feed.into if feed is not None else None,
            environment=self.environment,
        )
        if done.code is None:
            raise OpsError(
                f"database {self.name}: the connection to its container ended before the command did, "
                "so the result is unknown",
                fix="run it again: a restore is one transaction, so the database has either all of it or nothing",
            )
        return done.code, done.out, done.err


@dataclass(frozen=True, kw_only=True)
class _Feed:
    """Writes a dump to a connection, and reports progress."""

    dump: Dump
    say: Callable[[str], None]
    sent: threading.Event = field(default_factory=threading.Event)
    """Set when all of it is sent; from then on, stopping the command does not stop the restore."""

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
                self.sent.set()
                connection.sendall(f"\n{_WHOLE}\n".encode())
            self.sent.set()
            connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the command has ended; its output says why


def _reason(err: bytes) -> str:
    lines = [line for line in lines_in(text_of(err)) if line.strip()]
    return next(
        (line for line in lines if "ERROR" in line or "error" in line),
        lines[0] if lines else "no reason given",
    )
