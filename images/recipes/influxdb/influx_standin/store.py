"""The SQLite file: organizations, users, buckets, tokens, points."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from influx_standin.permission import Authorization, from_json
from influx_standin.problem import Problem

SCHEMA = """
CREATE TABLE IF NOT EXISTS orgs (id TEXT PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, name TEXT UNIQUE NOT NULL, password TEXT);
CREATE TABLE IF NOT EXISTS buckets (
  id TEXT PRIMARY KEY, org TEXT NOT NULL, name TEXT NOT NULL, retention INTEGER NOT NULL, UNIQUE (org, name));
CREATE TABLE IF NOT EXISTS auths (
  id TEXT PRIMARY KEY, v1 INTEGER NOT NULL, secret TEXT NOT NULL, password TEXT, org TEXT NOT NULL,
  user TEXT NOT NULL, status TEXT NOT NULL, description TEXT NOT NULL, permissions TEXT NOT NULL,
  created TEXT NOT NULL, UNIQUE (v1, secret));
CREATE TABLE IF NOT EXISTS points (
  bucket TEXT NOT NULL, measurement TEXT NOT NULL, tags TEXT NOT NULL, field TEXT NOT NULL, time INTEGER NOT NULL,
  value TEXT NOT NULL, PRIMARY KEY (bucket, measurement, tags, field, time)) WITHOUT ROWID;
"""
COLUMNS = "id, org, user, status, description, permissions, created, v1, secret"


def new_id() -> str:
    """16 hexadecimal digits, never all zero."""
    return f"{secrets.randbits(63) | 1:016x}"


def token_hash(token: str) -> str:
    """What is kept of a token: since 2.9 the real server, too, keeps hashes only."""
    return hashlib.sha256(token.encode()).hexdigest()


def password_hash(password: str) -> str:
    """A salted scrypt hash."""
    if not 8 <= len(password) <= 72:
        raise Problem("invalid", "passwords must be between 8 and 72 characters long")
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{_scrypt(password, salt)}"


def password_fits(password: str, kept: str | None) -> bool:
    """Is it the password that was hashed?"""
    salt, sign, digest = (kept or "").partition(":")
    return bool(sign) and secrets.compare_digest(_scrypt(password, bytes.fromhex(salt)), digest)


def _scrypt(password: str, salt: bytes) -> str:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1).hex()


class Store:
    """One connection behind a lock; each change is committed before it is answered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, check_same_thread=False)
        db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + SCHEMA)
        return db

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit at the end, roll back on an error."""
        with self._lock, self._db:
            yield self._db

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def is_set_up(self) -> bool:
        """Has the first setup happened?"""
        return bool(self.rows("SELECT 1 FROM users UNION SELECT 1 FROM orgs"))

    def org_id(self, name_or_id: str) -> str:
        """The organization's id; 404 where there is none."""
        found = self.rows("SELECT id FROM orgs WHERE name = ?1 OR id = ?1", name_or_id)
        if not found:
            raise Problem("not found", f'organization name "{name_or_id}" not found')
        return str(found[0][0])

    def bucket(self, org: str, name_or_id: str) -> tuple[str, str, int] | None:
        """(id, name, retention in seconds) of a bucket."""
        sql = "SELECT id, name, retention FROM buckets WHERE org = ?1 AND (id = ?2 OR name = ?2) ORDER BY id != ?2"
        found = self.rows(sql, org, name_or_id)
        return (str(found[0][0]), str(found[0][1]), int(found[0][2])) if found else None

    def add_authorization(self, auth: Authorization, *, v1: bool, secret: str) -> None:
        """Keep a token (`secret` is its hash) or a v1 user (`secret` is the user name).

        422 for a second one.
        """
        permissions = json.dumps([p.to_json() for p in auth.permissions])
        values = (auth.id, int(v1), secret, auth.org, auth.user, auth.status, auth.description, permissions)
        sql = (
            "INSERT INTO auths (id, v1, secret, org, user, status, description, permissions, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        try:
            with self.transaction() as db:
                db.execute(sql, (*values, auth.created))
        except sqlite3.IntegrityError as error:
            raise Problem("conflict", "token already exists") from error

    def authorization(self, *, v1: bool, secret: str) -> tuple[Authorization, str | None] | None:
        """(authorization, v1 password hash) of a token's hash or a v1 user name."""
        sql = f"SELECT {COLUMNS}, password FROM auths WHERE v1 = ? AND secret = ?"
        found = self.rows(sql, int(v1), secret)
        return (_authorization(found[0]), found[0][-1]) if found else None

    def authorizations(self, *, v1: bool) -> list[Authorization]:
        """All tokens, or all v1 users."""
        sql = f"SELECT {COLUMNS} FROM auths WHERE v1 = ? ORDER BY created, id"
        return [_authorization(row) for row in self.rows(sql, int(v1))]

    def replace_by(self, content: bytes) -> None:
        """Become the database in `content` (a full restore)."""
        fresh = self.path.with_suffix(".restore")
        fresh.write_bytes(content)
        with self._lock:
            source = sqlite3.connect(fresh)
            try:
                source.execute("SELECT count(*) FROM auths").fetchone()
                source.backup(self._db)
            except sqlite3.DatabaseError as error:
                raise Problem("invalid", f"not a backup of this stand-in: {error}") from error
            finally:
                source.close()
                fresh.unlink()

    def snapshot(self) -> bytes:
        """The whole database as one file's content."""
        copy = self.path.with_suffix(".backup")
        with self._lock:
            target = sqlite3.connect(copy)
            try:
                self._db.backup(target)
            finally:
                target.close()
            content = copy.read_bytes()
            copy.unlink()
        return content


def _authorization(row: tuple[Any, ...]) -> Authorization:
    permissions = tuple(from_json(value) for value in json.loads(row[5]))
    return Authorization(
        row[0], row[1], row[2], row[3], row[4], permissions, row[6], row[8] if row[7] else ""
    )


def utc_now() -> str:
    """Now, as the API writes times."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
