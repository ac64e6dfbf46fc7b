"""Resources that Terraform reads otherwise than the last deploy left them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ops.drift.finding import Drift
from ops.drift.reading import Reading
from ops.model.changes import ResourceDrift
from ops.model.inventory import Inventory, Resource, Values
from ops.model.noun import host_of_record, noun_of
from ops.model.services import TYPE as SERVICE

_META = ("lifecycle", "depends_on", "timeouts", "provider", "provisioner")
_EMPTY: tuple[Any, ...] = (None, "", [], {}, 0, False)
_UNITS = {("digitalocean_volume", "size"): " GiB"}


def changed_resources(reading: Reading) -> Iterator[Drift]:
    """All but services, which are compared with the swarm itself.

    Only settings that the code sets count: all others are what DigitalOcean and the engine say of themselves, such as a status,
    a price or an address.
    """
    for drift in reading.drift:
        if drift.type != SERVICE:
            yield from _changed(drift, reading)


def _changed(drift: ResourceDrift, reading: Reading) -> Iterator[Drift]:
    resource = reading.recorded.resources.get(drift.address)
    where = f"{noun_of(drift.type)} {_name(resource) if resource else drift.address}"
    place, fix = reading.target.stack, reading.remedy(drift.address)
    if drift.after is None:
        yield Drift(place=place, where=where, what="is gone", fix=fix)
        return
    for name, before, now in setting_changes(drift, reading):
        yield Drift(place=place, where=where, what=name, before=before, now=now, fix=fix)
    if drift.secrets:
        names = ", ".join(name.replace("_", " ") for name in drift.secrets)
        yield Drift(place=place, where=where, what=f"has another {names} (not shown)", fix=fix)


def setting_changes(drift: ResourceDrift, reading: Reading) -> Iterator[tuple[str, str, str]]:
    """Name, value before and value now of each setting that is declared and differs; of a list, what left it and what came."""
    wanted = reading.wanted.resources.get(drift.address)
    after = drift.after or {}
    if wanted is None:
        return
    for name in sorted(wanted.values.keys() - {*_META, *wanted.ignored, *drift.secrets}):
        sides = [values.get(name) for values in (drift.before, after)]
        was, now = map(canonical, sides)
        if was == now:
            continue
        if any(isinstance(side, bool) for side in sides):
            shown = ["yes" if side else "no" for side in sides]
        elif any(isinstance(side, list) for side in sides):
            olds, news = was or [], now or []
            shown = [
                "; ".join(_words(each, reading.recorded) for each in these if each not in those)
                for these, those in ((olds, news), (news, olds))
            ]
        else:
            unit = _UNITS.get((drift.type, name), "")
            shown = [_words(side, reading.recorded) + unit for side in (was, now)]
        yield _SETTINGS.get(name, name.replace("_", " ")), shown[0], shown[1]


_SETTINGS = {"volume_ids": "volumes", "droplet_ids": "droplets", "vpc_uuid": "private network"}
"""What people call what Terraform has the ids of."""


def canonical(value: Any) -> Any:
    """A value without what is empty in it, and lists in one order: how providers spell these says nothing."""
    if isinstance(value, Mapping):
        inner = {name: canonical(part) for name, part in value.items()}
        return {name: part for name, part in sorted(inner.items()) if part not in _EMPTY} or None
    if isinstance(value, list):
        parts = [part for part in map(canonical, value) if part not in _EMPTY]
        return sorted(parts, key=lambda part: json.dumps(part, sort_keys=True)) or None
    return None if value in _EMPTY else value


def _name(resource: Resource) -> str:
    """What people call it; a DNS record by its whole name."""
    is_record = resource.type == "digitalocean_record" and resource.values.get("domain")
    return host_of_record(resource.values) if is_record else resource.name


def _words(value: Any, inventory: Inventory) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k.replace('_', ' ')} {_words(v, inventory)}" for k, v in value.items())
    if isinstance(value, list):
        return " and ".join(_words(each, inventory) for each in value)
    return "" if value is None else _name_of(str(value), inventory)


def _name_of(text: str, inventory: Inventory) -> str:
    """The name of the resource that an id means; of a reserved address, the id is what people call it."""
    for resource in inventory.resources.values():
        if text and resource.values.get("id") == text and resource.type != "digitalocean_reserved_ip":
            return resource.name
    return text


def leaves(values: Values, *, without: Collection[str] = ()) -> dict[str, Any]:
    """All that is set in a resource, by its path; for what nobody has words for."""

    def walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
        if isinstance(value, Mapping):
            for name, part in value.items():
                if name not in without:
                    yield from walk(part, f"{path}.{name}" if path else name)
        elif isinstance(value, list):
            for part in value:
                yield from walk(part, path)
        else:
            yield path, value

    found: dict[str, list[Any]] = {}
    for path, value in walk(canonical(values), ""):
        found.setdefault(path, []).append(value)
    return {path: sorted(parts, key=str) for path, parts in found.items()}
