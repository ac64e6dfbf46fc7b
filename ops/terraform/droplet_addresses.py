"""Terraform addresses of droplets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ops.errors import WrongUse
from ops.model.changes import DROPLET
from ops.model.state import resources_of


def addresses_of(state: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """Terraform addresses of droplets by name.

    Raises:
        WrongUse: a name that no droplet has.
    """
    known = {r["values"]["name"]: r["address"] for r in resources_of(state) if r["type"] == DROPLET}
    missing = sorted(set(names) - known.keys())
    if missing:
        have = ", ".join(sorted(known)) or "none: nothing is deployed"
        raise WrongUse(f"there is no droplet {', '.join(missing)} in the state", fix=f"there are: {have}")
    return [str(known[name]) for name in names]
