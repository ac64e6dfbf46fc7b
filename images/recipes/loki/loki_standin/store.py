"""Lines on disk, in SQLite."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from loki_standin.logql import Query

SCHEMA = """
PRAGMA journal_mode=WAL;
CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, labels TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS lines (stream INTEGER NOT NULL, time INTEGER NOT NULL, line TEXT NOT NULL,
  PRIMARY KEY (stream, time, line)) WITHOUT ROWID;
"""
Labels = dict[str, str]
Line = tuple[int, str]
"""(nanoseconds since 1970, text)"""


class Store:
    """One connection behind a lock; a push is committed before it is answered."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(file, check_same_thread=False)
        self._db.executescript(SCHEMA)

    def push(self, labels: Labels, lines: list[Line]) -> None:
        """Keep the lines; the same line at the same time in the same stream counts once."""
        key = json.dumps(labels, sort_keys=True)
        with self._lock, self._db as db:
            db.execute("INSERT OR IGNORE INTO streams (labels) VALUES (?)", (key,))
            stream = db.execute("SELECT id FROM streams WHERE labels = ?", (key,)).fetchone()[0]
            rows = [(stream, when, line) for when, line in lines]
            db.executemany("INSERT OR IGNORE INTO lines VALUES (?, ?, ?)", rows)

    def query(
        self, query: Query, start: int, end: int, limit: int, *, forward: bool
    ) -> list[tuple[Labels, Line]]:
        """Lines with start <= time < end, the newest first unless `forward`, at most `limit`."""
        order = "ASC" if forward else "DESC"
        sql = (
            f"SELECT time, line FROM lines WHERE stream = ? AND time >= ? AND time < ? ORDER BY time {order}"
        )
        found: list[tuple[Labels, Line]] = []
        with self._lock:
            for stream, labels in self._streams():
                if not query.takes_stream(labels):
                    continue
                matching = (
                    row for row in self._db.execute(sql, (stream, start, end)) if query.takes_line(row[1])
                )
                found += [
                    (labels, (when, line)) for (when, line), _ in zip(matching, range(limit), strict=False)
                ]
        found.sort(key=lambda item: item[1][0], reverse=not forward)
        return found[:limit]

    def labels(self) -> list[Labels]:
        """The labels of every stream."""
        with self._lock:
            return [labels for _, labels in self._streams()]

    def forget(self, seconds: float) -> int:
        """Delete lines older than that; how many there were."""
        oldest = time.time_ns() - int(seconds * 1e9)
        with self._lock, self._db as db:
            count = db.execute("DELETE FROM lines WHERE time < ?", (oldest,)).rowcount
            db.execute("DELETE FROM streams WHERE id NOT IN (SELECT stream FROM lines)")
        return int(count)

    def _streams(self) -> Iterator[tuple[int, Labels]]:
        for stream, text in self._db.execute("SELECT id, labels FROM streams ORDER BY labels").fetchall():
            yield int(stream), {str(k): str(v) for k, v in json.loads(text).items()}
