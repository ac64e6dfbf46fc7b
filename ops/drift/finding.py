"""One change that no deploy made, and the report of all of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ops.model.redact import scrubbed

NOT_SHOWN = "(not shown: it may hold a secret)"
"""In place of a value that somebody typed where passwords end up: variables, commands."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A change that no deploy made.

    Args:
        place: the stack, or what was asked: ``the nodes``.
        where: what was changed: ``service web``.
        what: the setting; or what happened, where no setting was changed: ``is gone``.
        before, now: its values, in words; both empty where ``what`` says all.
        changed: when the engine noted the last change, as it writes it. It does not note whose it was.
        fix: what to do.
    """

    place: str
    where: str
    what: str
    before: str = ""
    now: str = ""
    changed: str = ""
    fix: str = ""

    @property
    def sentence(self) -> str:
        """``replicas: 1 -> 3``."""
        if not self.before and not self.now:
            return self.what
        return f"{self.what}: {self.before or 'not set'} -> {self.now or 'not set'}"

    def without(self, secrets: set[str]) -> Drift:
        """The same without these values."""
        clean = {name: scrubbed(getattr(self, name), secrets) for name in ("what", "before", "now", "fix")}
        return replace(self, **clean)


@dataclass(frozen=True, kw_only=True)
class Unasked:
    """Something that could not be asked, so that nothing is known about it."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass
class DriftReport:
    """All that was found.

    Args:
        asked: what answered, in words.
        drift: changes that no deploy made.
        notes: what is worth a look and no drift.
        unasked: what did not answer.
    """

    environment: str
    asked: list[str] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unasked: list[Unasked] = field(default_factory=list)

    @property
    def is_quiet(self) -> bool:
        """Whether everything was asked and nothing was changed: what could not be asked may well have been."""
        return not self.drift and not self.unasked

    def without(self, secrets: set[str]) -> DriftReport:
        """The same without these values."""
        return replace(
            self,
            drift=[each.without(secrets) for each in self.drift],
            notes=[scrubbed(note, secrets) for note in self.notes],
            unasked=[replace(each, why=scrubbed(each.why, secrets)) for each in self.unasked],
        )

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {"quiet": self.is_quiet, **asdict(self)}
