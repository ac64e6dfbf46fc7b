"""An ssh client configuration for this machine, whose resolver knows nothing of the box."""

from __future__ import annotations

from .inside.zones import Zones, address, names

HEAD = """\
# Written by the rehearsal's box at each change of a zone: names of the box, and where they are.
# ssh looks a host key up under the name that was asked for, as if the name had been resolved.
"""


def config(zones: Zones) -> str:
    """One entry for each name with an address. Wildcards are for web pages, not for ssh."""
    lines = [HEAD]
    for name in sorted(names(zones)):
        if "*" not in name and (found := address(zones, name)):
            lines.append(
                f"Host {name}\n    HostName {found}\n    HostKeyAlias {name}\n"
                "    ControlMaster no\n    ControlPath none\n    ConnectTimeout 10\n"
            )
    return "\n".join(lines)
