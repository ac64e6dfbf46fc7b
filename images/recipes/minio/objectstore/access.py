"""Users, policies and public buckets, as MinIO knows them, and their translation into SeaweedFS identities."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

_READ = {"s3:GetObject", "s3:GetObjectVersion", "s3:GetBucketLocation", "s3:GetObjectAttributes"}
_LIST = {
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
}
_WRITE = {"s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"}
_TAG = {"s3:GetObjectTagging", "s3:PutObjectTagging", "s3:DeleteObjectTagging"}
_GROUPS = {"Read": _READ, "List": _LIST, "Write": _WRITE, "Tagging": _TAG}
_ALL = {
    "s3:*": list(_GROUPS),
    "s3:Get*": ["Read"],
    "s3:List*": ["List"],
    "s3:Put*": ["Write"],
    "s3:Delete*": ["Write"],
}
_ARN = "arn:aws:s3:::"


class Refused(Exception):
    """An admin request that cannot be done; the text goes to the caller."""


def actions(policy: Any) -> list[str]:
    """SeaweedFS actions ("Write:replays") that a policy document allows. Refuses what cannot be kept exactly enough.

    SeaweedFS decides by group (read, list, write, tag) and bucket; so an action allows its whole group.
    """
    if (
        not isinstance(policy, dict)
        or not isinstance(policy.get("Statement"), list)
        or not policy["Statement"]
    ):
        raise Refused("policy: should be an object with a list `Statement`")
    found: set[str] = set()
    for number, statement in enumerate(policy["Statement"]):
        where = f"policy: Statement/{number}"
        if statement.get("Effect") != "Allow":
            raise Refused(f"{where}/Effect: this stand-in knows Allow only")
        if extra := set(statement) - {"Effect", "Action", "Resource", "Sid"}:
            raise Refused(f"{where}: this stand-in does not know {', '.join(sorted(extra))}")
        groups = {group for action in _words(statement.get("Action")) for group in _groups(action, where)}
        buckets = {_bucket(resource, where) for resource in _words(statement.get("Resource"))}
        found |= {f"{group}:{bucket}" for group in groups for bucket in buckets}
    return sorted(found)


def _words(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _groups(action: str, where: str) -> list[str]:
    groups = _ALL.get(action) or [name for name, members in _GROUPS.items() if action in members]
    if not groups:
        known = sorted({*_ALL, *(member for members in _GROUPS.values() for member in members)})
        raise Refused(f"{where}/Action: {action}: this stand-in knows {', '.join(known)}")
    return groups


def _bucket(resource: str, where: str) -> str:
    bucket, _, rest = resource.removeprefix(_ARN).partition("/")
    if not resource.startswith(_ARN) or not bucket or "*" in bucket or rest not in ("", "*"):
        raise Refused(
            f"{where}/Resource: {resource}: this stand-in knows {_ARN}<bucket> and {_ARN}<bucket>/*"
        )
    return bucket


class Access:
    """The state behind `mc admin` and `mc anonymous`, kept in one file of the data directory."""

    def __init__(self, folder: Path, root_user: str, root_password: str) -> None:
        self._file = folder / "access.json"
        self.identities = folder / "identities.json"
        self._root = (root_user, root_password)
        self.mark = ("", "")
        self._state: dict[str, dict[str, Any]] = {"users": {}, "policies": {}, "anonymous": {}}
        if self._file.exists():
            self._state.update(json.loads(self._file.read_text()))
        self._save()

    def add_user(self, key: str, secret: str) -> None:
        """Add a user, or give it another secret; its policies stay."""
        if len(key) < 3 or len(secret) < 8:
            raise Refused("an access key has 3 characters or more, a secret key 8 or more")
        if key == self._root[0]:
            raise Refused("the root user cannot be changed this way")
        self._state["users"].setdefault(key, {"policies": []})["secret"] = secret
        self._save()

    def users(self) -> dict[str, list[str]]:
        """Policies by access key; root is none of them."""
        return {key: list(user["policies"]) for key, user in sorted(self._state["users"].items())}

    def remove_user(self, key: str) -> None:
        """Take a user away."""
        if self._state["users"].pop(key, None) is None:
            raise Refused("The specified user does not exist.")
        self._save()

    def put_policy(self, name: str, document: Any) -> None:
        """Add or replace a policy."""
        actions(document)
        self._state["policies"][name] = document
        self._save()

    def attach(self, policy: str, user: str) -> None:
        """Give a policy to a user; refuses, as MinIO does, when the user has it."""
        if policy not in self._state["policies"]:
            raise Refused(f"The canned policy does not exist. ({policy})")
        if user not in self._state["users"]:
            raise Refused(f"The specified user does not exist. ({user})")
        if policy in self._state["users"][user]["policies"]:
            raise Refused("The specified policy change is already in effect.")
        self._state["users"][user]["policies"].append(policy)
        self._save()

    def set_anonymous(self, bucket: str, access: str) -> None:
        """Let anybody read the objects of a bucket ("download"), or nobody ("none")."""
        if access not in ("none", "download"):
            raise Refused(f"{access}: this stand-in knows none and download")
        self._state["anonymous"].pop(bucket, None)
        if access == "download":
            self._state["anonymous"][bucket] = access
        self._save()

    def _save(self) -> None:
        # A key pair without rights, new each time: once SeaweedFS knows it, the whole file is in force.
        self.mark = (f"mark-{secrets.token_hex(8)}", secrets.token_hex(16))
        _write(self._file, self._state)
        _write(self.identities, {"identities": self._rendered()})

    def _rendered(self) -> list[dict[str, Any]]:
        root, password = self._root
        everything = ["Admin", "Read", "List", "Tagging", "Write"]
        rendered = [_identity(root, password, everything)]
        for key, user in sorted(self._state["users"].items()):
            allowed = {
                action for name in user["policies"] for action in actions(self._state["policies"][name])
            }
            rendered.append(_identity(key, user["secret"], sorted(allowed)))
        rendered.append(_identity(*self.mark, []))
        # Always there, else SeaweedFS keeps what anybody could do before.
        rendered.append(
            {"name": "anonymous", "actions": [f"Read:{name}" for name in sorted(self._state["anonymous"])]}
        )
        return rendered


def _identity(key: str, secret: str, allowed: list[str]) -> dict[str, Any]:
    return {"name": key, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": allowed}


def _write(path: Path, data: Any) -> None:
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(data, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
