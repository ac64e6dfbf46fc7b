"""DNS records that already exist under a name that a stack is about to create: its own, or somebody else's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.cloud.client import Client, NotFound
from ops.errors import Obstacle
from ops.model.inventory import REFERENCE
from ops.terraform.target import Target

RECORD = "digitalocean_record"
_TYPES = ("A", "AAAA", "CNAME")
"""Types that resolve a name. A second record beside ours would send every other visitor elsewhere."""

StateValues = Mapping[str, Mapping[str, Any]]
"""Attribute values of all resources in a state, by address."""


@dataclass(frozen=True, kw_only=True)
class ExistingRecord:
    """An existing record under the name of one that is to be created.

    Attributes:
        ours: it has the value of ours, so a killed apply has created it.
    """

    address: str
    zone: str
    wanted_type: str
    raw: Mapping[str, Any]
    ours: bool

    @property
    def import_id(self) -> str:
        """Its ID for ``terraform import``."""
        return f"{self.zone},{self.raw['id']}"

    def __str__(self) -> str:
        return (
            f"{self.raw['type']} {self.raw['name']} in {self.zone} -> {self.raw['data']} ({self.raw['id']})"
        )


def existing_records(cloud: Target, state_values: StateValues, client: Client) -> list[ExistingRecord]:
    """All records under the name of a record that is to be created and is not in the state.

    A name may have several of ours (one of each manager): those that the state knows, or that another record of that
    name will have, are no conflict.
    """
    by_zone: dict[str, list[Mapping[str, Any]]] = {}
    known = {
        str(values.get("id")) for address, values in state_values.items() if address.startswith(f"{RECORD}.")
    }
    said = _wanted_values(cloud, state_values)
    result = []
    for wanted in cloud.wanted.of_type(RECORD):
        zone = resolved(str(wanted.values.get("domain")), state_values)
        type_, name = str(wanted.values.get("type")), str(wanted.values.get("name"))
        if wanted.address in state_values or zone is None or type_ not in _TYPES:
            continue
        if zone not in by_zone:
            by_zone[zone] = _records(zone, client)
        value = resolved(str(wanted.values.get("value")), state_values)
        for raw in by_zone[zone]:
            if raw["type"] not in _TYPES or raw["name"] != name or str(raw["id"]) in known:
                continue
            ours = raw["type"] == type_ and value is not None and _same(str(raw["data"]), value)
            if ours or (name, str(raw["data"])) not in said:
                result.append(
                    ExistingRecord(address=wanted.address, zone=zone, wanted_type=type_, raw=raw, ours=ours)
                )
    return result


def _wanted_values(cloud: Target, state_values: StateValues) -> set[tuple[str, str]]:
    """Name and value of every wanted record, as far as the value is known."""
    records = cloud.wanted.of_type(RECORD)
    values = (
        (str(r.values.get("name")), resolved(str(r.values.get("value")), state_values)) for r in records
    )
    return {(name, value) for name, value in values if value is not None}


def conflicts(cloud: Target, found: Iterable[ExistingRecord]) -> Iterator[Obstacle]:
    """The records that are not ours, and how to import them."""
    for each in found:
        if each.ours:
            continue
        fix = "delete it in the control panel if its visitors should come here"
        if each.raw["type"] == each.wanted_type:
            fix += (
                f", or import it, so that the next deploy changes it: in {cloud.folder}: "
                f"terraform import '{each.address}' {each.import_id}"
            )
        yield Obstacle(what=f"the zone has {each}, which the state does not know", fix=fix)


def resolved(text: str, state_values: StateValues) -> str | None:
    """A value with its references resolved from the state; ``None`` if the state lacks one."""
    for address, attribute in REFERENCE.findall(text):
        value = state_values.get(address, {}).get(attribute)
        if value is None:
            return None
        text = text.replace(f"${{{address}.{attribute}}}", str(value))
    return None if "${" in text else text


def _records(zone: str, client: Client) -> list[Mapping[str, Any]]:
    try:
        return client.listed(f"domains/{zone}/records", "domain_records")
    except NotFound:
        # Terraform's own error about the zone is clearer.
        return []


def _same(one: str, other: str) -> bool:
    return one.rstrip(".").lower() == other.rstrip(".").lower()
