"""Resources that no Terraform state knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import EmulatorError
from .store import Document, Store


@dataclass(frozen=True)
class Orphan:
    type: str  # as Terraform calls it
    id: str
    name: str


def _id(name: str) -> Callable[[Document], str]:
    return lambda document: str(document[name])


# Kind in the store: Terraform's type, and which field is its id there.
TYPES: dict[str, tuple[str, Callable[[Document], str]]] = {
    "ssh_key": ("digitalocean_ssh_key", _id("id")),
    "vpc": ("digitalocean_vpc", _id("id")),
    "tag": ("digitalocean_tag", _id("name")),
    "droplet": ("digitalocean_droplet", _id("id")),
    "volume": ("digitalocean_volume", _id("id")),
    "firewall": ("digitalocean_firewall", _id("id")),
    "reserved_ip": ("digitalocean_reserved_ip", _id("ip")),
    "domain": ("digitalocean_domain", _id("name")),
    "record": ("digitalocean_record", _id("id")),
    "project": ("digitalocean_project", _id("id")),
    "database": ("digitalocean_database_cluster", _id("id")),
    "spaces_key": ("digitalocean_spaces_key", _id("access_key")),
    "alert_policy": ("digitalocean_monitor_alert", _id("uuid")),
    "uptime_check": ("digitalocean_uptime_check", _id("id")),
    "uptime_alert": ("digitalocean_uptime_alert", _id("id")),
}


def existing(store: Store) -> list[Orphan]:
    """Everything that somebody asked for. Not: default VPCs and project, a domain's own records, a cluster's owner."""
    found = []
    with store.transaction():
        for kind, (type, id) in TYPES.items():
            for one in store.all(kind):
                if not (one.get("default") or one.get("is_default") or one.get("_automatic")):
                    name = one.get("name") or one.get("description") or one.get("ip") or ""
                    found.append(Orphan(type, id(one), str(name)))
        for cluster in store.all("database"):
            found += _members(cluster)
    return found


def _members(cluster: Document) -> Iterator[Orphan]:
    for name in cluster["_dbs"][1:]:
        yield Orphan("digitalocean_database_db", f"{cluster['id']}/database/{name}", name)
    for user in cluster["_users"][1:]:
        yield Orphan("digitalocean_database_user", f"{cluster['id']}/user/{user['name']}", user["name"])
    for pool in cluster["_pools"]:
        yield Orphan("digitalocean_database_connection_pool", f"{cluster['id']}/{pool['name']}", pool["name"])


def orphans(store: Store, states: list[Path]) -> list[Orphan]:
    """What exists and is in none of the states: files as Terraform keeps them, or of `terraform show -json`."""
    known = {one for path in states for one in _known(path)}
    return [one for one in existing(store) if (one.type, one.id) not in known]


def _known(path: Path) -> Iterator[tuple[str, str]]:
    try:
        state: Any = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise EmulatorError(f"{path}: cannot read a Terraform state: {error}") from None
    if isinstance(state, dict) and isinstance(state.get("resources"), list):
        for resource in state["resources"]:
            for instance in resource.get("instances", []):
                yield resource["type"], str(instance["attributes"].get("id"))
    elif isinstance(state, dict) and "format_version" in state:
        yield from _shown(state.get("values", {}).get("root_module", {}))
    else:
        raise EmulatorError(f"{path}: neither a Terraform state file nor the output of terraform show -json")


def _shown(module: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for resource in module.get("resources", []):
        yield resource["type"], str(resource["values"].get("id"))
    for child in module.get("child_modules", []):
        yield from _shown(child)
