"""The checks of a rehearsal, in the order of their runs: the most disruptive ones come last."""

from __future__ import annotations

from rehearsal.suite.check import Check
from rehearsal.suite.checks.access import ACCESS
from rehearsal.suite.checks.again import AGAIN
from rehearsal.suite.checks.database import DATABASE
from rehearsal.suite.checks.disaster import DISASTER
from rehearsal.suite.checks.engine_upgrade import ENGINE_UPGRADE
from rehearsal.suite.checks.faults import FAULTS
from rehearsal.suite.checks.growth import GROWTH
from rehearsal.suite.checks.guards import GUARDS
from rehearsal.suite.checks.hidden import HIDDEN
from rehearsal.suite.checks.host_key import HOST_KEY
from rehearsal.suite.checks.keys import KEYS
from rehearsal.suite.checks.losses import MANAGER_LOST, WORKER_LOST
from rehearsal.suite.checks.metadata import METADATA
from rehearsal.suite.checks.new_store import NEW_STORE
from rehearsal.suite.checks.partition import PARTITION
from rehearsal.suite.checks.ports import INSIDE, OUTSIDE
from rehearsal.suite.checks.replacement import HUNG, REPLACEMENT
from rehearsal.suite.checks.restarts import ENGINES, REBOOTS

CHECKS: tuple[Check, ...] = (
    OUTSIDE,
    INSIDE,
    METADATA,
    DATABASE,
    AGAIN,
    ACCESS,
    KEYS,
    GUARDS,
    NEW_STORE,
    ENGINES,
    REBOOTS,
    ENGINE_UPGRADE,
    WORKER_LOST,
    MANAGER_LOST,
    PARTITION,
    REPLACEMENT,
    HUNG,
    HOST_KEY,
    DISASTER,
    GROWTH,
    FAULTS,
    HIDDEN,
)
