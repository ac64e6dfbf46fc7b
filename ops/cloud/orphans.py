"""Imports resources that a killed apply created but never wrote to the state.

DigitalOcean allows two droplets of one name, so without this the next apply would order a second one, and fail over the
volumes that the first one holds; of most other things it allows one of a name, and the next apply would fail over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.cloud import dns_conflicts
from ops.cloud.client import Client
from ops.errors import Obstacle, OpsError, Refused
from ops.model.noun import noun_of
from ops.model.state import resources_of
from ops.terraform.target import Target

ADDRESS = "digitalocean_reserved_ip"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Where the API lists the resources of a type.

    Attributes:
        has_region: a resource of that name in another region is another one.
        may_follow: one of its name may stand for one that the state knows but that is gone.
    """

    path: str
    key: str = ""
    has_region: bool = False
    may_follow: bool = False


KINDS: Mapping[str, Kind] = {
    "digitalocean_vpc": Kind(path="vpcs", has_region=True),
    "digitalocean_ssh_key": Kind(path="account/keys", key="ssh_keys"),
    "digitalocean_firewall": Kind(path="firewalls"),
    "digitalocean_project": Kind(path="projects"),
    "digitalocean_volume": Kind(path="volumes", has_region=True, may_follow=True),
    "digitalocean_droplet": Kind(path="droplets", has_region=True, may_follow=True),
    "digitalocean_database_cluster": Kind(path="databases", has_region=True),
}
"""By name; tags are not among them, since a tag may be ordered twice."""


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """A resource of the account that the state does not know."""

    address: str
    id: str
    name: str

    def __str__(self) -> str:
        return f"{noun_of(self.address.partition('.')[0])} {self.name} ({self.id})"


def import_orphans(cloud: Target, tell: Callable[[str], None]) -> list[Orphan]:
    """Imports what the account has under a name that the stack wants and that its state does not know by its id.

    A state that was written before the killed apply may still hold the id of one that is gone; that entry makes room.

    Args:
        tell: hears of each before it is done.

    Raises:
        OpsError: two of one name are there, so that it is unclear which is ours; or an import failed.
        Refused: the state is empty, so it is unclear whose these are; or a record belongs to somebody else.
    """
    client = Client()
    state_values = _state_values(cloud)
    found = [orphan for type_ in KINDS for orphan in _orphans(cloud, type_, state_values, client)]
    if found and not state_values:
        # A first deploy that was killed, or a lost state, which is no reason to take things in unasked.
        raise Refused(
            f"the state of {cloud.stack} is empty, but the account already has resources that it is about to create",
            _import_by_hand(cloud, found),
        )
    _import(cloud, found, state_values, tell)
    if found:
        state_values = _state_values(cloud)
    in_zone = dns_conflicts.existing_records(cloud, state_values, client)
    records = [
        Orphan(address=each.address, id=each.import_id, name=str(each.raw["name"]))
        for each in in_zone
        if each.ours
    ]
    _import(cloud, records, state_values, tell)
    others = list(dns_conflicts.conflicts(cloud, in_zone))
    if others:
        raise Refused(f"{cloud.stack} is not applied: names in DNS are taken", others)
    for line in _unmatched(cloud, state_values, client):
        tell(line)
    return [*found, *records]


def _state_values(cloud: Target) -> dict[str, Mapping[str, Any]]:
    return {str(each["address"]): each["values"] for each in resources_of(cloud.terraform.state())}


def _import(
    cloud: Target, orphans: list[Orphan], state_values: dns_conflicts.StateValues, tell: Callable[[str], None]
) -> None:
    for orphan in orphans:
        tell(f"{orphan}: created by a killed apply; importing it into the state")
        if orphan.address in state_values:
            cloud.terraform.forget(orphan.address)
        cloud.terraform.import_(orphan.address, orphan.id)


def _import_by_hand(cloud: Target, found: list[Orphan]) -> list[Obstacle]:
    return [
        Obstacle(
            what=str(orphan),
            fix="if the state was lost, restore it (docs/runbooks/state.md); if a first deploy was killed, delete the resource, or import it: in "
            f"{cloud.folder}: terraform import '{orphan.address}' {orphan.id}",
        )
        for orphan in found
    ]


def _orphans(
    cloud: Target, type_: str, state_values: dns_conflicts.StateValues, client: Client
) -> Iterator[Orphan]:
    kind = KINDS[type_]
    candidates = [
        each for each in cloud.wanted.of_type(type_) if kind.may_follow or each.address not in state_values
    ]
    there = client.listed(kind.path, kind.key) if candidates else []
    for wanted in candidates:
        name = str(wanted.values.get("name"))
        region = str(wanted.values.get("region"))
        ids = [
            str(raw["id"])
            for raw in there
            if raw["name"] == name and (not kind.has_region or _region(raw) == region)
        ]
        if not ids or str(state_values.get(wanted.address, {}).get("id")) in ids:
            continue
        if len(ids) > 1:
            raise OpsError(
                f"there are several {kind.key or kind.path} {name} that no state knows: {', '.join(ids)}",
                fix="delete all but one in the control panel, then deploy again",
            )
        yield Orphan(address=wanted.address, id=ids[0], name=name)


def _region(raw: Mapping[str, Any]) -> str:
    """Some lists give a region's whole entry, some only its slug."""
    region = raw.get("region")
    return str(region["slug"] if isinstance(region, Mapping) else region)


def _unmatched(cloud: Target, state_values: dns_conflicts.StateValues, client: Client) -> Iterator[str]:
    """Reserved addresses have no name, so only a person can tell whether an unassigned one is ours. Unassigned ones cost money."""
    for wanted in cloud.wanted.of_type(ADDRESS):
        if wanted.address in state_values or not state_values:
            continue
        free = [
            str(raw["ip"])
            for raw in client.listed("reserved_ips")
            if raw.get("droplet") is None and _region(raw) == wanted.values.get("region")
        ]
        if free:
            yield (
                f"reserved addresses that are not assigned: {', '.join(free)}. If a killed apply created one, "
                f"stop here and import it: in {cloud.folder}: terraform import '{wanted.address}' <address>"
            )
