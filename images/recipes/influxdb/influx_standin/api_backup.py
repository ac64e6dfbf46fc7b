"""Backup and restore, in a form of this stand-in alone.

For the operator's token only, as in the real server.
"""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

from standin.http_server import Request, Response

from influx_standin.caller import v2_caller
from influx_standin.permission import operator
from influx_standin.problem import Problem
from influx_standin.setup import add_bucket
from influx_standin.store import Store, new_id


class BackupApi:
    """Hands out and takes in snapshots."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def backup(self, request: Request) -> Response:
        """GET /api/v2/backup/standin: the whole database."""
        v2_caller(self._store, request).need(*operator())
        return Response(200, self._store.snapshot(), "application/octet-stream")

    def restore(self, request: Request) -> Response:
        """POST /api/v2/restore/standin?full=true replaces everything, tokens too.

        Without `full`, buckets with their points come back into the organization of the same name; 422 when one of
        them exists. `bucket` limits it to one, `newBucket` gives that one another name. Tokens do not come back.
        """
        v2_caller(self._store, request).need(*operator())
        query = request.query
        if query.get("full") == "true":
            self._store.replace_by(request.body)
            return Response.json(200, {"restored": "everything"})
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "backup.sqlite"
            file.write_bytes(request.body)
            try:
                names = self._merge(file, query.get("bucket", ""), query.get("newBucket", ""))
            except sqlite3.DatabaseError as error:
                raise Problem("invalid", f"not a backup of this stand-in: {error}") from error
        return Response.json(200, {"restored": names})

    def _merge(self, file: Path, only: str, new_name: str) -> list[str]:
        source = sqlite3.connect(file)
        try:
            sql = "SELECT b.id, b.name, b.retention, o.name FROM buckets b JOIN orgs o ON o.id = b.org"
            wanted = [row for row in source.execute(sql) if not only or row[1] == only]
            if only and not wanted:
                raise Problem("not found", f'bucket "{only}" is not in the backup')
            for row in wanted:
                if self._store.bucket(self._store.org_id(row[3]), new_name or row[1]):
                    raise Problem("conflict", f"bucket with name {new_name or row[1]} already exists")
            return [self._add(source, row, new_name or row[1]) for row in wanted]
        finally:
            source.close()

    def _add(self, source: sqlite3.Connection, row: tuple[str, str, int, str], name: str) -> str:
        ident = new_id()
        add_bucket(self._store, self._store.org_id(row[3]), name, row[2], ident)
        sql = "SELECT measurement, tags, field, time, value FROM points WHERE bucket = ?"
        rows = [(ident, *point) for point in source.execute(sql, (row[0],))]
        with self._store.transaction() as db:
            db.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?)", rows)
        return name
