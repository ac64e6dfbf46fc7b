"""The checks of a rehearsal, in the order in which they run: what disturbs most comes last."""

from __future__ import annotations

from ops.rehearse.check import Check
from ops.rehearse.checks.access import ACCESS
from ops.rehearse.checks.again import AGAIN
from ops.rehearse.checks.database import DATABASE
from ops.rehearse.checks.disaster import DISASTER
from ops.rehearse.checks.faults import FAULTS
from ops.rehearse.checks.growth import GROWTH
from ops.rehearse.checks.guards import GUARDS
from ops.rehearse.checks.hidden import HIDDEN
from ops.rehearse.checks.losses import MANAGER_LOST, WORKER_LOST
from ops.rehearse.checks.metadata import METADATA
from ops.rehearse.checks.ports import INSIDE, OUTSIDE
from ops.rehearse.checks.replacement import HUNG, REPLACEMENT
from ops.rehearse.checks.restarts import ENGINES, REBOOTS

CHECKS: tuple[Check, ...] = (
    OUTSIDE,
    INSIDE,
    METADATA,
    DATABASE,
    AGAIN,
    ACCESS,
    GUARDS,
    ENGINES,
    REBOOTS,
    WORKER_LOST,
    MANAGER_LOST,
    REPLACEMENT,
    HUNG,
    DISASTER,
    GROWTH,
    FAULTS,
    HIDDEN,
)
