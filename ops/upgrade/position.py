"""Where a change of version stands: what its server has, and what an earlier run left."""

from __future__ import annotations

from dataclasses import dataclass

from layers.data.upgrades import Way
from ops.upgrade.change import Change
from ops.upgrade.directories import Found


@dataclass(frozen=True, kw_only=True)
class Position:
    """A change of version as it is found.

    Args:
        found: what a server with directories of its own says.
        at: of the copy that an older version is to load; ``None`` where none was named.
    """

    change: Change
    found: Found | None
    at: float | None

    @property
    def goes_on(self) -> bool:
        """Whether the version gone to runs already, without its data or not open to clients yet."""
        found = self.found
        return (
            found is not None
            and found.runs == self.change.major
            and (found.closed or found.uses != found.runs)
        )

    @property
    def gives_up(self) -> bool:
        """Whether the version gone to has the data, and another one that never got it runs: an upgrade that is given up."""
        found = self.found
        return found is not None and found.runs != found.uses == self.change.major

    @property
    def is_begun(self) -> bool:
        """Whether an earlier run has changed the server."""
        return self.goes_on or self.gives_up

    @property
    def has_directory(self) -> bool:
        """Whether the way back leads to a directory that still has its data."""
        return (
            self.at is None
            and self.change.is_back
            and self.found is not None
            and self.change.major in self.found.bytes
        )

    @property
    def loads(self) -> bool:
        """Whether a copy is loaded into an empty server."""
        return (self.change.way is Way.LOAD or self.change.is_back) and not self.has_directory
