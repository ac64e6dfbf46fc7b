"""A step between versions of a store that somebody acknowledged."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from layers.data.upgrades import Step
from layers.settings.model import Settings

Words = Annotated[str, Field(min_length=1, max_length=500)]


class StoreUpgrade(Settings):
    """One entry under ``upgrades`` of ``environments/acknowledged/<environment>.yaml``.

    Attributes:
        store: name of its service on the swarm, or of the database cluster.
        from_: what has the data now, as the plan prints it; ``from`` in the file.
        to: what would get it.
        reason: why now, and who has the backup.
        until: last day on which it may be taken. Required: a step is taken once.
    """

    store: Words
    from_: Words = Field(alias="from")
    to: Words
    reason: Words
    until: date

    def covers(self, store: str, step: Step, today: date) -> bool:
        """Whether this step may be taken today."""
        return (self.store, self.from_, self.to) == (store, step.from_, step.to) and today <= self.until

    def __str__(self) -> str:
        return f"{self.store} from {self.from_} to {self.to}"
