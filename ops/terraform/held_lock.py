"""A state's lock that this process holds, and whether it still does."""

from __future__ import annotations

from collections.abc import Callable

from ops.errors import OpsError
from ops.terraform.lock_holder import LockHolder


class HeldLock:
    """The lock of one state, held by an open console of Terraform.

    Args:
        stack: whose state.
        ended: the console's exit code; none while it runs.
        look: reads who has the lock.

    Raises:
        OpsError: nobody has the lock: the backend has none.
    """

    def __init__(
        self, stack: str, *, ended: Callable[[], int | None], look: Callable[[], LockHolder | None]
    ) -> None:
        self._stack = stack
        self._ended = ended
        self._look = look
        holder = look()
        self._id = holder.id if holder else ""
        if not self._id:
            raise self._lost(_REMOVED)

    def require_held(self) -> None:
        """Asks for the process and for the lock itself: somebody may end the one, and remove the other from a bucket.

        Raises:
            OpsError: the lock is lost, so that somebody else may change the environment; or the state cannot be reached.
        """
        holder = self._look()
        if (code := self._ended()) is not None:
            raise self._lost(f"Terraform's console, which held it, has ended (exit code {code})")
        if holder is None or holder.id != self._id:
            raise self._lost(holder.described() if holder else _REMOVED)

    def _lost(self, why: str) -> OpsError:
        return OpsError(
            f"the lock of the state of {self._stack} is not held any more: {why}",
            fix="find out who ended or removed it, and wait until nobody else changes the environment (docs/runbooks/state.md)",
        )


_REMOVED = "nobody has it: it was removed, or its backend has none"
