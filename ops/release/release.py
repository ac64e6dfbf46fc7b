"""One release: what a deploy made of an environment's services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

KEPT = 10
"""How many releases that converged are kept, and one can go back to."""


class Outcome(StrEnum):
    """How the last deploy of a release ended."""

    UNFINISHED = "unfinished"
    """It was killed, or it runs now."""
    FAILED = "failed"
    CONVERGED = "converged"


class Smoke(StrEnum):
    """What the last whole smoke test of a release said."""

    NOT_RUN = "not run"
    FAILED = "failed"
    PASSED = "passed"


class Release(BaseModel):
    """A release. It holds no secret: of their values, the synthesized stacks have references only.

    Args:
        number: counts up from 1 for each environment.
        at: when its deploy began to change something.
        commit: of the repository that it was deployed from; with ``+changes`` where files were not committed, empty
            where there was no git.
        cause: ``deploy``, or what it went back to.
        images: by service.
        changes: what differs from the release before, in a line.
        services: the key of the synthesized services stack; the same for two releases that ask for the same.
        cloud: the key of the cloud stack; empty where there is none.
        reason: why it failed, in a line.
    """

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1)
    environment: str
    at: AwareDatetime
    commit: str
    cause: str
    images: Mapping[str, str]
    changes: str
    services: str
    cloud: str = ""
    outcome: Outcome = Outcome.UNFINISHED
    reason: str = ""
    smoke: Smoke = Smoke.NOT_RUN

    @property
    def converged(self) -> bool:
        """Whether its services ran as declared."""
        return self.outcome is Outcome.CONVERGED

    @property
    def short_commit(self) -> str:
        """The commit as git shortens it."""
        sha, plus, changes = self.commit.partition("+")
        return f"{sha[:8]}{plus}{changes}" or "no git"


def kept(releases: Sequence[Release]) -> list[Release]:
    """Those that stay: the last ten that converged, and every later one; all while there are not that many.

    Args:
        releases: oldest first.
    """
    converged = [each.number for each in releases if each.converged]
    if len(converged) <= KEPT:
        return list(releases)
    return [each for each in releases if each.number >= converged[-KEPT]]


def to_go_back_to(releases: Sequence[Release]) -> Release | None:
    """The newest release that converged and asks for something else than the last one; none where there is none."""
    last = releases[-1] if releases else None
    return next(
        (each for each in reversed(releases) if last and each.converged and each.services != last.services),
        None,
    )
