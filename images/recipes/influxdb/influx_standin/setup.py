"""The first setup: one user, one organization, one bucket, one operator token."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from influx_standin.permission import Authorization, operator
from influx_standin.problem import Problem
from influx_standin.store import Store, new_id, password_hash, token_hash, utc_now


def set_up(store: Store, asked: dict[str, Any]) -> dict[str, Any]:
    """Create them all; 422 when it was done before.

    Keys: username, password, org, bucket, retentionPeriodSeconds (0 is for ever), token (a random one if empty).
    Here, and nowhere else, the caller may choose the value of a token.
    """
    if store.is_set_up():
        raise Problem("conflict", "onboarding has already been completed")
    missing = [key for key in ("username", "org", "bucket") if not asked.get(key)]
    if missing:
        raise Problem(
            "unprocessable entity", f"onboarding failed: missing required fields [{','.join(missing)}]"
        )
    password = str(asked.get("password") or "")
    hashed = password_hash(password) if password else None
    token = str(asked.get("token") or "") or new_token()
    user, org, bucket = new_id(), new_id(), new_id()
    with store.transaction() as db:
        db.execute("INSERT INTO users VALUES (?, ?, ?)", (user, asked["username"], hashed))
        db.execute("INSERT INTO orgs VALUES (?, ?)", (org, asked["org"]))
    add_bucket(store, org, str(asked["bucket"]), int(asked.get("retentionPeriodSeconds") or 0), bucket)
    about = f"{asked['username']}'s Token"
    auth = Authorization(new_id(), org, user, "active", about, tuple(operator()), utc_now())
    store.add_authorization(auth, v1=False, secret=token_hash(token))
    return {
        "user": {"id": user, "name": asked["username"], "status": "active"},
        "org": {"id": org, "name": asked["org"]},
        "bucket": {"id": bucket, "name": asked["bucket"], "orgID": org},
        "auth": {"id": auth.id, "token": token, "status": "active", "orgID": org, "userID": user},
    }


def new_token() -> str:
    """A token as the real server makes them: 64 random bytes in URL-safe base64."""
    return secrets.token_urlsafe(64) + "=="


def add_bucket(store: Store, org: str, name: str, retention: int, ident: str) -> None:
    """Create a bucket; 422 where one of that name exists, 400 for a name the server keeps for itself."""
    if not name or name.startswith("_"):
        raise Problem("invalid", f"bucket name {name} is invalid. Bucket names may not start with underscore")
    checked_retention(retention)
    try:
        with store.transaction() as db:
            db.execute("INSERT INTO buckets VALUES (?, ?, ?, ?)", (ident, org, name, retention))
    except sqlite3.IntegrityError as error:
        raise Problem("conflict", f"bucket with name {name} already exists") from error


def checked_retention(seconds: int) -> int:
    """The retention, 0 for ever; 422 where it is shorter than the server allows."""
    if seconds and seconds < 3600:
        raise Problem("unprocessable entity", "retention policy duration must be at least 1h0m0s")
    return seconds
