"""What every resource works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .errors import NotFound
from .faults import Faults
from .machines import Machines
from .settings import Settings
from .store import Document, Store
from .work import Work


@dataclass
class World:
    store: Store
    settings: Settings
    machines: Machines
    faults: Faults
    work: Work
    changed: Callable[[], None] = lambda: None  # to be called when something is different now

    def existing(self, kind: str, id: str | int, message: str | None = None) -> Document:
        """The document, or the API's 404."""
        found = self.store.get(kind, id)
        if found is None:
            raise NotFound(message) if message else NotFound()
        return found
