"""Access keys of Spaces as the identities of the S3 server that stands in for it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from rehearsal.emulator.machines import SpacesKey

READ = ("Read", "List", "Tagging")
GRANTS = {"read": READ, "readwrite": (*READ, "Write")}
EVERYTHING = ("Admin", "Read", "List", "Tagging", "Write")


def owner_key() -> SpacesKey:
    """A key to everything, new for each box: what SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY would hold."""
    return SpacesKey(f"DO{secrets.token_hex(9).upper()}", secrets.token_urlsafe(32), (("", "fullaccess"),))


def identities(keys: Iterable[SpacesKey]) -> list[dict[str, Any]]:
    return [
        {
            "name": key.access_key,
            "credentials": [{"accessKey": key.access_key, "secretKey": key.secret_key}],
            "actions": sorted({action for bucket, grant in key.grants for action in _actions(bucket, grant)}),
        }
        for key in keys
    ]


def _actions(bucket: str, permission: str) -> list[str]:
    if permission == "fullaccess":
        return list(EVERYTHING)
    return [f"{action}:{bucket}" for action in GRANTS[permission]]
