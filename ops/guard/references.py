"""References of synthesized JSON, which stand where a plan of Terraform has a value."""

from __future__ import annotations

import re

from ops.model.inventory import REFERENCE, Inventory


def named(text: object, inventory: Inventory) -> str:
    """A value with the names of what it refers to: ``${digitalocean_tag.nodes.id}`` is the tag's name."""

    def name(match: re.Match[str]) -> str:
        found = inventory.resources.get(match["address"])
        return found.name if found and match["attribute"] in ("id", "name") else match[0]

    return REFERENCE.sub(name, str(text))
