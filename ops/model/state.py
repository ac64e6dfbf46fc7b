"""What a state holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Resource = Mapping[str, Any]


def resources_of(state: Mapping[str, Any] | None) -> list[Resource]:
    """Resources in a state (``terraform show -json``), or in the ``prior_state`` of a plan; none where there is no state."""
    return list(_resources(((state or {}).get("values") or {}).get("root_module") or {}))


def _resources(module: Mapping[str, Any]) -> Iterator[Resource]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)


def ids_in(state: Mapping[str, Any]) -> set[str]:
    """Ids of all that a state holds."""
    return {str(r["values"]["id"]) for r in resources_of(state) if r.get("values", {}).get("id")}


def values_of(state: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """Values by address of what Terraform manages, data sources left out."""
    return {
        str(each["address"]): each.get("values") or {}
        for each in resources_of(state)
        if each.get("mode", "managed") == "managed"
    }
