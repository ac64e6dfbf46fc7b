"""Permissions of tokens.

An action on a type of resource, in one organization or everywhere, on one or all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from influx_standin.problem import Problem

TYPES = (
    "authorizations", "buckets", "dashboards", "orgs", "sources", "tasks", "telegrafs", "users", "variables",
    "scrapers", "secrets", "labels", "views", "documents", "notificationRules", "notificationEndpoints", "checks",
    "dbrp", "notebooks", "annotations", "remotes", "replications", "instance",
)  # fmt: skip


@dataclass(frozen=True)
class Permission:
    """One right. Without `org` and `id` it holds everywhere; with `id` for that one; with `org` in it."""

    action: str
    type: str
    org: str | None = None
    id: str | None = None

    def grants(self, wanted: Permission) -> bool:
        """Does holding this include the wanted one?"""
        if self.action != wanted.action:
            return False
        if self.type == "instance":
            return True
        if self.type != wanted.type:
            return False
        if self.org is None and self.id is None:
            return True
        if self.org is not None and self.id is None:
            return self.org == wanted.org
        return self.id is not None and self.id == wanted.id

    def __str__(self) -> str:
        place = f"orgs/{self.org}/" if self.org else ""
        return f"{self.action}:{place}{self.type}" + (f"/{self.id}" if self.id else "")

    def to_json(self) -> dict[str, Any]:
        """The form the API uses."""
        resource = {"type": self.type}
        if self.id:
            resource["id"] = self.id
        if self.org:
            resource["orgID"] = self.org
        return {"action": self.action, "resource": resource}


def from_json(value: Any) -> Permission:
    """Read the API's form; 400 for an unknown action or type."""
    resource = value.get("resource") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(resource, Mapping):
        raise Problem("invalid", "invalid json structure")
    if resource.get("type") not in TYPES:
        raise Problem("invalid", "invalid resource type for permission")
    if value.get("action") not in ("read", "write"):
        raise Problem("invalid", "invalid action type for permission")
    return Permission(value["action"], resource["type"], resource.get("orgID"), resource.get("id"))


def operator() -> list[Permission]:
    """Every right everywhere: what the token of the first setup has."""
    return [Permission(action, kind) for kind in TYPES for action in ("read", "write")]


@dataclass(frozen=True)
class Authorization:
    """A token's owner and rights. `name` is the v1 user name, empty for tokens."""

    id: str
    org: str
    user: str
    status: str
    description: str
    permissions: tuple[Permission, ...]
    created: str
    name: str = ""

    def may(self, wanted: Permission) -> bool:
        """Does it include that right?"""
        return any(held.grants(wanted) for held in self.permissions)

    def need(self, *wanted: Permission) -> None:
        """401 that names the first missing right, as the real server answers."""
        for one in wanted:
            if not self.may(one):
                raise Problem("unauthorized", f"{one} is unauthorized")
