"""What Terraform would do to each resource, worked out from two inventories as the providers would."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ops.model.changes import Action, PlannedChange, ResourceChange
from ops.model.force_new import FORCING
from ops.model.inventory import Inventory, Resource
from ops.model.service import Service
from ops.model.services import TYPE, services_of

_REPLACED_BY_ANY_CHANGE = (
    "docker_config",
    "docker_secret",
    "docker_network",
    "docker_volume",
    "random_password",
)
"""Types of which the providers can change nothing in place."""

_LOCAL = re.compile(r"local\.([A-Za-z0-9_-]+)")
_ADDRESS = re.compile(r"\b(random_password\.[A-Za-z0-9_-]+)\.result")


def from_inventories(before: Inventory, after: Inventory) -> dict[str, PlannedChange]:
    """Actions by address, worked out as the providers would."""
    planned: dict[str, PlannedChange] = {}
    olds, news = ({each.address: each for each in services_of(stack)} for stack in (before, after))
    for address in {**before.resources, **after.resources}:
        old, new = before.resources.get(address), after.resources.get(address)
        if old is None:
            planned[address] = PlannedChange(action=Action.ADD)
        elif new is None:
            planned[address] = PlannedChange(action=Action.DESTROY)
        elif old.type == TYPE:
            because = _differing(_forcing(olds[address], before), _forcing(news[address], after))
            used = _used(olds[address], before) != _used(news[address], after)
            if because:
                planned[address] = PlannedChange(action=Action.REPLACE, because=because)
            elif used or _without_order(old) != _without_order(new):
                planned[address] = PlannedChange(action=Action.CHANGE)
        elif old.type in FORCING:
            if changed := _changed(old, new):
                because = tuple(name for name in changed if name in FORCING[new.type])
                action = Action.REPLACE if because else Action.CHANGE
                planned[address] = PlannedChange(action=action, because=because)
        elif _meaning(old, before) != _meaning(new, after):
            replaced = old.type in _REPLACED_BY_ANY_CHANGE
            planned[address] = PlannedChange(action=Action.REPLACE if replaced else Action.CHANGE)
    return planned


def changes_between(
    before: Inventory, after: Inventory, planned: Mapping[str, PlannedChange]
) -> list[ResourceChange]:
    """Actions with the values before and after, in the form in which a plan of Terraform has them."""
    return [
        ResourceChange(
            address=address,
            type=address.partition(".")[0],
            actions=_WORDS[what.action],
            planned=what,
            before=before.resources[address].values if address in before.resources else None,
            after=after.resources[address].values if address in after.resources else None,
        )
        for address, what in planned.items()
    ]


_WORDS: Mapping[Action, tuple[str, ...]] = {
    Action.ADD: ("create",),
    Action.CHANGE: ("update",),
    Action.DESTROY: ("delete",),
    Action.REPLACE: ("delete", "create"),
}


def _changed(old: Resource, new: Resource) -> list[str]:
    """Settings that differ, but for those whose changes Terraform leaves alone."""
    left_alone = ("depends_on", "lifecycle", "timeouts", *new.ignored)
    return [
        name
        for name in sorted({*old.values, *new.values})
        if name not in left_alone and old.values.get(name) != new.values.get(name)
    ]


def _differing(was: Mapping[str, Any], will: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in was if was[name] != will[name])


def _forcing(service: Service, inventory: Inventory) -> dict[str, Any]:
    """What the provider can only change by a new service."""
    return {
        "name": service.name,
        "networks": [
            (_behind(inventory.address_of(name, "docker_network"), inventory), sorted(aliases))
            for name, aliases in sorted(service.networks.items())
        ],
        "container labels": service.container_labels,
        "hosts": service.hosts,
        "sysctl": service.sysctls,
        "mode": service.mode,
    }


def _used(service: Service, inventory: Inventory) -> list[Any]:
    """What its files and mounts really are: their references may stay the same while that changes."""
    found = [(file.at, file.address) for file in service.files]
    found += [(each.target, inventory.address_of(each.source, "docker_volume")) for each in service.mounts]
    return [(at, _behind(address, inventory)) for at, address in sorted(found)]


def _behind(address: str, inventory: Inventory) -> Any:
    found = inventory.resources.get(address)
    return _meaning(found, inventory) if found else address


def _without_order(resource: Resource) -> dict[str, Any]:
    """Dependencies only order the apply; changing them changes nothing that runs."""
    return {key: value for key, value in resource.values.items() if key not in ("depends_on", "lifecycle")}


def _meaning(resource: Resource, inventory: Inventory) -> Any:
    """The values with rendered templates and the secret values in them spelled out."""
    values = _without_order(resource)
    if resource.type != "docker_secret":
        return values
    text = str(values.get("data"))
    text = _LOCAL.sub(lambda match: inventory.templates.get(match[1], match[0]), text)
    makers = [inventory.resources.get(address) for address in _ADDRESS.findall(text)]
    return (text, re.sub(r"\$\{.*\}$", "", str(values.get("name"))), [dict(m.values) for m in makers if m])
