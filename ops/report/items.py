"""What changes besides services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ops.model.changes import Action, PlannedChange
from ops.model.inventory import Inventory, Resource
from ops.model.operator import is_operator
from ops.model.redact import HIDDEN, SECRET_ATTRIBUTES
from ops.model.store_versions import RECORD
from ops.report.cloud import details_of, effect_of, note_of, shown
from ops.report.model import ItemChange, SettingChange

_SHOWN_BY_SERVICES = ("docker_config", "docker_secret")
"""Replaced under a new name for every change; what matters is the content, shown with the services that read it."""


_SHOWN_ELSEWHERE = ("docker_service", RECORD)
"""Services have a table of their own; what had a store's data follows from its image."""

_GETS_IN: Mapping[Action, str] = {
    Action.ADD: "gets in on every node",
    Action.CHANGE: "gets in with another key",
    Action.REPLACE: "gets in with another key",
    Action.DESTROY: "is shut out: the deploy takes the key off every node",
}

_ONLY_NAMED = (*_SHOWN_BY_SERVICES, "random_password", "tls_private_key")
"""Only that they change is shown."""

_MANY = 5
"""So many elements that stay are counted instead of shown."""

_FIRST = (
    "digitalocean_droplet",
    "digitalocean_volume",
    "digitalocean_database_cluster",
    "digitalocean_spaces_bucket",
    "digitalocean_reserved_ip",
    "digitalocean_firewall",
    "digitalocean_record",
)
"""In the order in which a reviewer looks; the others follow by name."""


def item_changes(
    before: Inventory, after: Inventory, planned: Mapping[str, PlannedChange]
) -> dict[str, list[ItemChange]]:
    """All changes of resources that are not services, by layer, sorted by type and name."""
    found: dict[str, list[ItemChange]] = {}
    for address, what in planned.items():
        old, new = before.resources.get(address), after.resources.get(address)
        resource = new or old
        if resource is not None and (resource.type not in _SHOWN_ELSEWHERE or is_operator(resource)):
            inventory = after if new is not None else before
            found.setdefault(resource.layer, []).append(_item(resource, old, new, what, inventory))
    return {layer: sorted(items, key=lambda i: (_rank(i.type), i.name)) for layer, items in found.items()}


def _rank(type_: str) -> tuple[int, str]:
    return (_FIRST.index(type_) if type_ in _FIRST else len(_FIRST), type_)


def _item(
    resource: Resource, old: Resource | None, new: Resource | None, what: PlannedChange, inventory: Inventory
) -> ItemChange:
    settings: tuple[SettingChange, ...] = ()
    if old and new and resource.type not in _ONLY_NAMED:
        settings = tuple(_settings(old, new, inventory))
    return ItemChange(
        type=resource.type,
        name=resource.name,
        action=what.action,
        note=_note(resource, what, settings, inventory),
        because=what.because if resource.type != "docker_network" else (),
        settings=settings,
        details=details_of(resource, inventory) if what.action is Action.ADD else (),
    )


def _note(
    resource: Resource, what: PlannedChange, settings: tuple[SettingChange, ...], inventory: Inventory
) -> str:
    if resource.type == "docker_network" and what.action is not Action.DESTROY:
        return "internal" if resource.values.get("internal") else "with internet access"
    if is_operator(resource):
        return _GETS_IN[what.action]
    if what.because:
        return f"because of {', '.join(what.because)}"
    if what.action is Action.CHANGE:
        return effect_of(resource, {setting.name: setting.after for setting in settings})
    return note_of(resource, inventory)


def _settings(old: Resource, new: Resource, inventory: Inventory) -> Iterator[SettingChange]:
    """Top-level settings that are written in code and differ; what only the provider knows is left out."""
    for name, value in sorted(new.values.items()):
        if name in (
            "lifecycle",
            "depends_on",
            "timeouts",
            *new.ignored,
            *SECRET_ATTRIBUTES.get(new.type, ()),
        ):
            continue
        before, after = _differing(old.values.get(name), value)
        was, will = _shown(before, inventory), _shown(after, inventory)
        # What Terraform's state has an id for, the code has a reference for: not comparable, unless both are code.
        if "${" in json.dumps(value) and "${" not in json.dumps(old.values.get(name)):
            continue
        if was != will and HIDDEN not in was:
            yield SettingChange(name=name, before=was, after=will)


def _differing(before: Any, after: Any) -> tuple[Any, Any]:
    """Both values; of long lists what is only in one, and how many are in both."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return before, after
    same = [each for each in after if each in before]
    if len(same) < _MANY:
        return before, after
    rest = f"{len(same)} that stay"
    first, second = ([rest, *(each for each in these if each not in same)] for these in (before, after))
    return first, second


def _shown(value: Any, inventory: Inventory) -> str:
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, list):
        # Before they are quoted: a reference has quotes of its own.
        value = [shown(each, inventory) if isinstance(each, str) else each for each in value]
    return shown(value if isinstance(value, str) else json.dumps(value, sort_keys=True), inventory)
