"""Has a store's job load the copy that was fetched."""

from __future__ import annotations

from ops.backup.reasons import what_to_do
from ops.backup.side_by_side import Work
from ops.backup.spool import Spool
from ops.errors import OpsError


def loaded(spool: Spool) -> Work[None]:
    """Loads it over what the store has.

    Raises:
        OpsError: it was not loaded, or half.
    """
    answer = yield from spool.asked("load")
    if answer.code:
        raise OpsError(
            f"{spool.job.store}: not loaded: {answer.reason}",
            fix=what_to_do(answer.reason, spool.job.service),
        )
