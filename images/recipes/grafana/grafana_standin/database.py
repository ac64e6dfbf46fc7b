"""Grafana's state: a table of (kind, key, value) in SQLite or Postgres."""

from __future__ import annotations

import importlib
import sqlite3
import threading
from pathlib import Path
from typing import Any

from standin.log import Refusal

from grafana_standin.settings import Database as DatabaseSettings

CREATE = "CREATE TABLE IF NOT EXISTS standin_state (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key))"
CONNECT_SECONDS = 5


class Database:
    """Reads and writes state; every write is committed before it returns."""

    def __init__(self, settings: DatabaseSettings, data: Path) -> None:
        self._settings = settings
        self._data = data
        self._lock = threading.Lock()
        self._mark = "?" if settings.type == "sqlite3" else "%s"
        self._connection = self._connect()
        self._run(CREATE)

    def put(self, kind: str, key: str, value: str) -> None:
        """Keep a value, replacing an earlier one."""
        m = self._mark
        self._run(
            f"INSERT INTO standin_state VALUES ({m}, {m}, {m})"
            " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
            (kind, key, value),
        )

    def get(self, kind: str, key: str) -> str | None:
        """The value, None where there is none."""
        m = self._mark
        rows = self._run(f"SELECT value FROM standin_state WHERE kind = {m} AND key = {m}", (kind, key))
        return str(rows[0][0]) if rows else None

    def all(self, kind: str) -> dict[str, str]:
        """All values of a kind by key."""
        rows = self._run(
            f"SELECT key, value FROM standin_state WHERE kind = {self._mark} ORDER BY key", (kind,)
        )
        return {str(key): str(value) for key, value in rows}

    def is_alive(self) -> bool:
        """Does it answer now? A lost Postgres connection is made anew."""
        try:
            return bool(self._run("SELECT 1"))
        except Exception:
            return False

    def _run(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._lock:
            try:
                return self._execute(sql, values)
            except Exception:
                if self._settings.type == "sqlite3":
                    raise
                self._connection = self._connect()
                return self._execute(sql, values)

    def _execute(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql, values)
            rows = cursor.fetchall() if cursor.description else []
            self._connection.commit()
            return list(rows)
        finally:
            cursor.close()

    def _connect(self) -> Any:
        s = self._settings
        if s.type == "sqlite3":
            file = self._data / "grafana-standin.db"
            try:
                return sqlite3.connect(file, check_same_thread=False)
            except sqlite3.Error as error:
                raise Refusal(f"{file}: {error}; the folder must belong to uid 472") from error
        try:
            return importlib.import_module("psycopg2").connect(
                host=s.host,
                port=s.port,
                dbname=s.name,
                user=s.user,
                password=s.password,
                sslmode=s.ssl_mode,
                connect_timeout=CONNECT_SECONDS,
                application_name="grafana",
            )
        except Exception as error:
            where = f"postgres {s.user}@{s.host}:{s.port}/{s.name} (GF_DATABASE_*)"
            raise Refusal(f"{where}: {str(error).strip()}") from error
