"""An emulator of DigitalOcean's API that the real Terraform provider runs against.

It stands in for api.digitalocean.com: same routes, ids, statuses, actions, pages, errors and rate limits, for every
resource this platform uses. What it does not know it answers with 404 (no such route) or 501 (a known route's
unknown action), never with a guess. Droplets run only where a `Machines` is given.
"""

from .emulator import Emulator
from .errors import EmulatorError
from .machines import (
    DatabaseCluster,
    DatabaseEndpoint,
    FirewallRule,
    Machine,
    MachineError,
    Machines,
    Record,
    Volume,
)
from .orphans import Orphan, orphans
from .settings import Settings

__all__ = [
    "DatabaseCluster",
    "DatabaseEndpoint",
    "Emulator",
    "EmulatorError",
    "FirewallRule",
    "Machine",
    "MachineError",
    "Machines",
    "Orphan",
    "Record",
    "Settings",
    "Volume",
    "orphans",
]
