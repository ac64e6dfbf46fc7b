"""One thing that does not work, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any


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
    """

    kind: str
    about: str
    cause: str
    evidence: tuple[str, ...] = ()
    next: str
    follows: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All that does not work, root causes first.

    Args:
        looked_at: in words, for people.
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

    One that follows from others is not told by itself: they name it in ``explains``. Of findings that only follow from each other
    all are told.
    """
    found = list(dict.fromkeys(findings))
    by_about: dict[str, list[Finding]] = {}
    for each in found:
        by_about.setdefault(each.about, []).append(each)

    def behind(finding: Finding) -> list[str]:
        return [about for about in finding.follows if about in by_about and about != finding.about]

    first = [each for each in found if not behind(each)]
    roots = {each.about for each in first}
    explains: dict[str, list[str]] = {}
    for each in found:
        if each in first:
            continue
        reached = _reached(each, behind, by_about) & roots - {each.about}
        if not reached:
            first.append(each)
        for about in sorted(reached):
            if each.about not in explains.setdefault(about, []):
                explains[about].append(each.about)
    told = [replace(each, explains=tuple(explains.get(each.about, ()))) for each in first]
    return sorted(told, key=lambda each: -len(each.explains))


def _reached(
    finding: Finding, behind: Callable[[Finding], list[str]], by_about: Mapping[str, list[Finding]]
) -> set[str]:
    """All that a finding follows from, over any number of others."""
    reached: set[str] = set()
    left = behind(finding)
    while left:
        about = left.pop()
        if about not in reached:
            reached.add(about)
            left += [further for each in by_about[about] for further in behind(each)]
    return reached
