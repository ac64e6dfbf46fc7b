"""Where everything is, once it is deployed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from ops.report.programs import programs_of, table
from ops.terminal import screen
from ops.terraform.target import Target


def print_addresses(target: Target) -> None:
    """Prints where everything is and how to sign in, from Terraform's outputs."""
    outputs = target.terraform.outputs()
    addresses = _mapping(outputs.get("addresses"))
    width = max((len(host) for host in addresses), default=0)
    for host, leads_to in sorted(addresses.items()):
        screen.out.print(Text(f"  https://{host.ljust(width)}  {leads_to}"))
    if outputs.get("sign_in"):
        screen.out.print(Text(str(outputs["sign_in"])))
    screen.out.print(Text("\n".join(["", *table(programs_of(target.wanted))])), soft_wrap=True)


def _mapping(value: Any) -> dict[str, str]:
    """The output ``addresses``: a map, or JSON of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}
