"""What changes besides services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ops.report.actions import Planned
from ops.report.inventory import Inventory, Resource
from ops.report.model import Action, ItemChange, SettingChange
from ops.report.redact import HIDDEN, SECRET_ATTRIBUTES

_SHOWN_BY_SERVICES = ("docker_config", "docker_secret")
"""Replaced under a new name for every change; what matters is the content, shown with the services that read it."""


def item_changes(
    before: Inventory, after: Inventory, planned: Mapping[str, Planned]
) -> dict[str, list[ItemChange]]:
    """All changes of resources that are not services, by layer, sorted by type and name."""
    found: dict[str, list[ItemChange]] = {}
    for address, what in planned.items():
        old, new = before.resources.get(address), after.resources.get(address)
        resource = new or old
        if resource is not None and resource.type != "docker_service":
            found.setdefault(resource.layer, []).append(_item(resource, old, new, what))
    return {layer: sorted(items, key=lambda i: (i.type, i.name)) for layer, items in found.items()}


def _item(resource: Resource, old: Resource | None, new: Resource | None, what: Planned) -> ItemChange:
    settings: tuple[SettingChange, ...] = ()
    if old and new and resource.type not in _SHOWN_BY_SERVICES and resource.type not in SECRET_ATTRIBUTES:
        settings = tuple(_settings(old, new))
    return ItemChange(
        type=resource.type,
        name=resource.name,
        action=what.action,
        note=_note(resource, what),
        settings=settings,
    )


def _note(resource: Resource, what: Planned) -> str:
    if resource.type == "docker_network" and what.action is not Action.DESTROY:
        return "internal" if resource.values.get("internal") else "with a way out"
    if what.because:
        return f"because of {', '.join(what.because)}"
    return ""


def _settings(old: Resource, new: Resource) -> Iterator[SettingChange]:
    """Top-level settings that are written in code and differ; what only the provider knows is left out."""
    for name, value in sorted(new.values.items()):
        if name in ("lifecycle", "depends_on") or "${" in json.dumps(value):
            continue
        was, will = _shown(old.values.get(name)), _shown(value)
        if was != will and HIDDEN not in was:
            yield SettingChange(name=name, before=was, after=will)


def _shown(value: Any) -> str:
    if value in (None, "", [], {}):
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
