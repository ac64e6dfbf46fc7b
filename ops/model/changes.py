"""What Terraform does to each resource: as it says itself, or worked out from two inventories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ops.model.force_new import FORCING
from ops.model.inventory import Inventory, Resource, one


class Action(StrEnum):
    """What happens to a resource."""

    ADD = "add"
    CHANGE = "change"
    REPLACE = "replace"
    DESTROY = "destroy"


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

_FROM_TERRAFORM: Mapping[tuple[str, ...], Action] = {
    ("create",): Action.ADD,
    ("update",): Action.CHANGE,
    ("delete",): Action.DESTROY,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
}


NEVER_CAME_UP = "it never came up"
"""Instead of a setting: the apply that made it failed."""


@dataclass(frozen=True, kw_only=True)
class PlannedChange:
    """An action, and the settings that force a replacement."""

    action: Action
    because: tuple[str, ...] = ()

    @property
    def makes(self) -> bool:
        """Whether a new one is made."""
        return self.action in (Action.ADD, Action.REPLACE)


def from_terraform(plan: Mapping[str, Any]) -> dict[str, PlannedChange]:
    """Actions by address from ``terraform show -json`` of a saved plan."""
    planned = {}
    for change in plan.get("resource_changes", []):
        detail = change["change"]
        action = _FROM_TERRAFORM.get(tuple(detail["actions"]))
        if change.get("mode") == "managed" and action is not None:
            because = tuple(dict.fromkeys(_attribute(path) for path in detail.get("replace_paths") or []))
            tainted = change.get("action_reason") == "replace_because_tainted"
            if tainted and change["address"].startswith("digitalocean_droplet."):
                because = (NEVER_CAME_UP,)
            planned[change["address"]] = PlannedChange(action=action, because=because)
    return planned


def from_inventories(before: Inventory, after: Inventory) -> dict[str, PlannedChange]:
    """Actions by address, worked out as the providers would."""
    planned: dict[str, PlannedChange] = {}
    for address in {**before.resources, **after.resources}:
        old, new = before.resources.get(address), after.resources.get(address)
        if old is None:
            planned[address] = PlannedChange(action=Action.ADD)
        elif new is None:
            planned[address] = PlannedChange(action=Action.DESTROY)
        elif old.type == "docker_service":
            _add(planned, address, _service(old, new, before, after))
        elif old.type in FORCING:
            _add(planned, address, _cloud(old, new))
        elif _meaning(old, before) != _meaning(new, after):
            replaced = old.type in _REPLACED_BY_ANY_CHANGE
            planned[address] = PlannedChange(action=Action.REPLACE if replaced else Action.CHANGE)
    return planned


def _cloud(old: Resource, new: Resource) -> PlannedChange | None:
    """A resource of DigitalOcean: changed in place, or replaced because of a setting that forces it."""
    left_alone = ("depends_on", "lifecycle", "timeouts", *new.ignored)
    changed = [
        name
        for name in sorted({*old.values, *new.values})
        if name not in left_alone and old.values.get(name) != new.values.get(name)
    ]
    because = tuple(name for name in changed if name in FORCING[new.type])
    if because:
        return PlannedChange(action=Action.REPLACE, because=because)
    return PlannedChange(action=Action.CHANGE) if changed else None


def _add(planned: dict[str, PlannedChange], address: str, found: PlannedChange | None) -> None:
    if found is not None:
        planned[address] = found


def _service(old: Resource, new: Resource, before: Inventory, after: Inventory) -> PlannedChange | None:
    was, will = _forcing(old, before), _forcing(new, after)
    because = tuple(name for name in was if was[name] != will[name])
    if because:
        return PlannedChange(action=Action.REPLACE, because=because)
    if _without_order(old) != _without_order(new) or _used(old, before) != _used(new, after):
        return PlannedChange(action=Action.CHANGE)
    return None


def _forcing(service: Resource, inventory: Inventory) -> dict[str, Any]:
    """What the provider can only change by a new service."""
    spec = one(service.values.get("task_spec"))
    container = one(spec.get("container_spec"))
    joined = [
        (_target(network.get("name"), "docker_network", inventory), sorted(network.get("aliases") or []))
        for network in spec.get("networks_advanced") or []
    ]
    return {
        "name": service.values.get("name"),
        "networks": sorted(joined, key=str),
        "container labels": container.get("labels") or [],
        "hosts": container.get("hosts") or [],
        "sysctl": container.get("sysctl") or {},
        "mode": sorted(one(service.values.get("mode"))),
    }


def _used(service: Resource, inventory: Inventory) -> list[Any]:
    """What its files and mounts really are: their references may stay the same while that changes."""
    container = one(one(service.values.get("task_spec")).get("container_spec"))
    found = [
        (mount.get("file_name"), _target(mount.get(f"{kind}_name"), f"docker_{kind}", inventory))
        for kind in ("config", "secret")
        for mount in container.get(f"{kind}s") or []
    ]
    found += [
        (mount.get("target"), _target(mount.get("source"), "docker_volume", inventory))
        for mount in container.get("mounts") or []
    ]
    return sorted(found, key=str)


def _target(reference: Any, type_: str, inventory: Inventory) -> Any:
    found = inventory.referred(str(reference), type_)
    return _meaning(found, inventory) if found else str(reference)


def _without_order(service: Resource) -> dict[str, Any]:
    """Dependencies only order the apply; changing them changes nothing that runs."""
    return {key: value for key, value in service.values.items() if key not in ("depends_on", "lifecycle")}


def _meaning(resource: Resource, inventory: Inventory) -> Any:
    """The values with rendered templates and the secret values in them spelled out."""
    values = {key: value for key, value in resource.values.items() if key not in ("depends_on", "lifecycle")}
    if resource.type != "docker_secret":
        return values
    text = str(values.get("data"))
    text = _LOCAL.sub(lambda match: inventory.templates.get(match[1], match[0]), text)
    makers = [inventory.resources.get(address) for address in _ADDRESS.findall(text)]
    return (text, re.sub(r"\$\{.*\}$", "", str(values.get("name"))), [dict(m.values) for m in makers if m])


def _attribute(path: list[Any]) -> str:
    words = [str(part) for part in path if not isinstance(part, int)]
    known = {"task_spec.networks_advanced": "networks", "task_spec.container_spec.labels": "container labels"}
    dotted = ".".join(words)
    return next((word for prefix, word in known.items() if dotted.startswith(prefix)), dotted)
