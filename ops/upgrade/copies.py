"""Copies of the store whose version changes: makes them, fetches and compares them, and loads one."""

from __future__ import annotations

from ops.backup import side_by_side, trial
from ops.backup.copies import copied
from ops.backup.loading import loaded
from ops.backup.snapshots import Snapshot
from ops.backup.spool import Spool
from ops.backup.world import World
from ops.errors import OpsError
from ops.terminal.screen import Say
from ops.upgrade.change import Change

NOT_COPIED = "fetched/not-copied"
"""In a spool: databases that the server has and the copy has not."""


class Copies:
    """Copies of one store.

    Attributes:
        manifest: of the copy that was compared last.
    """

    def __init__(self, world: World, change: Change, spool: Spool) -> None:
        self.manifest: list[str] = []
        self._world = world
        self._change = change
        self._spool = spool

    def make(self, say: Say) -> Snapshot:
        """Copies what there is to the bucket."""
        store = self._change.store
        sent = side_by_side.all_or_error({store: copied(self._spool)}, say)[store].snapshot
        made = self.named(sent)
        if made is None:
            raise OpsError(
                f"{store}: snapshot {sent[:8]} was sent, and the bucket does not list it",
                fix="run the same command again",
            )
        return made

    def named(self, id_: str) -> Snapshot | None:
        """The copy in the bucket whose id begins so; none where there is none."""
        known = self._world.snapshots().get(self._change.store, ())
        return next((each for each in reversed(known) if each.id.startswith(id_)), None)

    def compare(self, snapshot: Snapshot, say: Say) -> None:
        """Fetches a copy, reads it into a server of its own, and compares it with what was copied.

        Raises:
            OpsError: it is not whole, or the server has what no copy has.
        """
        store = self._change.store
        tried = side_by_side.all_or_error({store: trial.tried(self._spool, snapshot)}, say)
        if error := trial.broken(tried):
            raise error
        self.manifest = self._spool.manifest()
        if not self._change.is_back and (left := self._spool.lines("job", NOT_COPIED)):
            raise OpsError(
                f"{store}: what no environment declares is in no copy, so the new version would lack it: {', '.join(left)}",
                fix="declare it, or dump and drop it",
            )

    def load(self, say: Say) -> None:
        """Loads the copy that was fetched."""
        side_by_side.all_or_error({self._change.store: loaded(self._spool)}, say)
