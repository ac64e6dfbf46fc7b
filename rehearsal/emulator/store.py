"""State on disk: what exists, what was asked. Survives a kill at any point; readable while the emulator runs."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Document = dict[str, Any]

SCHEMA = """
create table if not exists resources (
    number integer primary key autoincrement, kind text not null, id text not null, body text not null,
    unique (kind, id)
);
create table if not exists counters (name text primary key, value integer not null);
create table if not exists log (number integer primary key autoincrement, entry text not null);
"""


class Store:
    """Documents by kind and id, in one SQLite file. One transaction at a time; each is all or nothing."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # passwords and user data are in it
        self._lock = threading.RLock()
        self._depth = 0
        self._database = sqlite3.connect(
            folder / "state.sqlite", isolation_level=None, check_same_thread=False, timeout=30
        )
        self._database.execute("pragma journal_mode = wal")
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is kept together, or not at all when an exception leaves the block."""
        with self._lock:
            if self._depth:
                yield  # part of the outer one
                return
            self._database.execute("begin immediate")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._database.execute("rollback")
                raise
            else:
                self._database.execute("commit")
            finally:
                self._depth = 0

    def get(self, kind: str, id: str | int) -> Document | None:
        rows = self._rows("select body from resources where kind = ? and id = ?", kind, str(id))
        return self._load(rows[0][0]) if rows else None

    def all(self, kind: str) -> list[Document]:
        """In the order of their creation."""
        rows = self._rows("select body from resources where kind = ? order by number", kind)
        return [self._load(body) for (body,) in rows]

    def put(self, kind: str, id: str | int, document: Document) -> None:
        sql = (
            "insert into resources (kind, id, body) values (?, ?, ?) "
            "on conflict (kind, id) do update set body = excluded.body"
        )
        self._rows(sql, kind, str(id), json.dumps(document))

    def remove(self, kind: str, id: str | int) -> None:
        self._rows("delete from resources where kind = ? and id = ?", kind, str(id))

    def count(self, name: str, start: int) -> int:
        """One more than last time."""
        sql = (
            "insert into counters (name, value) values (?, ?) "
            "on conflict (name) do update set value = value + 1 returning value"
        )
        rows = self._rows(sql, name, start + 1)
        return int(rows[0][0])

    def note(self, entry: Document) -> None:
        """One more line of the log."""
        self._rows("insert into log (entry) values (?)", json.dumps(entry))

    def notes(self, after: int = 0) -> list[Document]:
        """The log's lines, each with its number."""
        rows = self._rows("select number, entry from log where number > ? order by number", after)
        return [{"number": number, **json.loads(entry)} for number, entry in rows]

    def clear(self) -> None:
        """Deletes everything but the counters: an id is never used twice."""
        with self.transaction():
            self._rows("delete from resources")
            self._rows("delete from log")

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(sql, values).fetchall()

    @staticmethod
    def _load(body: str) -> Document:
        loaded: Document = json.loads(body)
        return loaded
