"""One thing that does not work, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

Stopping = Literal[
    "missing",
    "scaled-down",
    "no-task",
    "starting",
    "crash",
    "ends",
    "out-of-memory",
    "disk-full",
    "unhealthy",
    "image-missing",
    "folder-missing",
    "port-taken",
    "network-missing",
    "command-missing",
    "no-node",
    "no-memory",
    "node-lost",
    "node-down",
    "node-drained",
]
"""Kinds after which nobody reaches a service, because no task of it runs or stays, or after which a node takes none."""
Running = Literal[
    "update-failed",
    "other-version",
    "unresolved-name",
    "unreachable",
    "dependency",
    "certificate",
    "queue-backlog",
    "backup",
    "clock",
    "lock-held",
    "node-missing",
    "not-deployed",
    "no-engine",
    "no-swarm",
    "no-quorum",
    "host-key",
    "no-access",
]
"""Kinds of something that runs all the same, or that no service follows from."""
Kind = Stopping | Running
STOPS: frozenset[str] = frozenset(get_args(Stopping))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that does not work.

    Args:
        kind: the symptom, in one word: ``crash``, ``no-node``.
        about: what has it: ``service web``, ``node prod-app-1``, ``page web.example.org``.
        cause: why, in a sentence.
        evidence: what shows it: the engine's own words, exit codes, numbers, the last lines of a log.
        next: the command to type next.
        follows: what, if it does not work either, is why this does not: the ``about`` of other findings.
        explains: what is not told by itself because this is why.
        answers: whether a task of the service runs all the same, so that its clients reach it.
    """

    kind: Kind
    about: str
    cause: str
    evidence: tuple[str, ...] = ()
    next: str
    follows: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()
    answers: bool = False

    @property
    def stops(self) -> bool:
        """Whether what it is about cannot be reached, which is why others do not work: the only findings that hide others."""
        return self.kind in STOPS and not self.answers


@dataclass(frozen=True, kw_only=True)
class Unasked:
    """What a rule could not ask, so that nothing is known about it.

    Args:
        why: the names of what it is about by the reason; of a service with how many of its questions.
        of: how many there are.
    """

    why: Mapping[str, Mapping[str, int]]
    of: int

    @property
    def count(self) -> int:
        """How many questions were not asked."""
        return sum(sum(names.values()) for names in self.why.values())

    def __str__(self) -> str:
        reasons = (
            f"{', '.join(f'{name} ({count})' if count > 1 else name for name, count in names.items())}: {why}"
            for why, names in self.why.items()
        )
        return f"{self.count} of {self.of}: {'; '.join(reasons)}"


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All that does not work, root causes first.

    Args:
        looked_at: what was asked for, in words for people; of what was asked in part only, how much of it: ``disks (0 of 2)``.
            A question that failed as a whole is in ``unasked`` alone.
        unasked: what could not be asked, and why: nothing is known about it.
    """

    environment: str
    findings: tuple[Finding, ...]
    looked_at: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def root_causes(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that no other one explains, those that explain most first.

    One that follows from others that stop (:attr:`Finding.stops`) is not told by itself: they name it in ``explains``. Of findings
    that only follow from each other all are told.
    """
    found = list(dict.fromkeys(findings))
    stopped: dict[str, list[Finding]] = {}
    for each in found:
        if each.stops:
            stopped.setdefault(each.about, []).append(each)

    def behind(finding: Finding) -> list[str]:
        return [about for about in finding.follows if about in stopped and about != finding.about]

    first = [each for each in found if not behind(each)]
    roots = {each.about for each in first if each.stops}
    explains: dict[str, list[str]] = {}
    for each in found:
        if each in first:
            continue
        reached = _reached(each, behind, stopped) & roots - {each.about}
        if not reached:
            first.append(each)
        for about in sorted(reached):
            if each.about not in explains.setdefault(about, []):
                explains[about].append(each.about)
    told = [
        replace(each, explains=tuple(explains.get(each.about, ()))) if each.stops else each for each in first
    ]
    return sorted(told, key=lambda each: -len(each.explains))


def _reached(
    finding: Finding, behind: Callable[[Finding], list[str]], stopped: Mapping[str, list[Finding]]
) -> set[str]:
    """All that a finding follows from, over any number of others."""
    reached: set[str] = set()
    left = behind(finding)
    while left:
        about = left.pop()
        if about not in reached:
            reached.add(about)
            left += [further for each in stopped[about] for further in behind(each)]
    return reached
