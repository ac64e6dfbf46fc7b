"""Records of the keys that a program knows, each at its level, and what a file says that is not among them.

A record is a file of tests/recorded/keys, ``<program>-<pinned version>[-from-<version it was taken from>].<what>.yaml``. Its
``levels`` map a level such as ``inputs/docker`` to the keys that may stand there; ``*`` is a name that we choose. Levels are
matched by all patterns that fit: what is said of ``inputs/*`` holds for each input.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FOLDER = Path(__file__).parents[1] / "recorded" / "keys"
NAME = re.compile(
    r"(?P<program>[a-z-]+?)-(?P<version>\d[\d.-]*?)(?:-from-(?P<source>[\w.-]+))?\.(?P<what>[a-z]+)\.yaml"
)

Level = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a program knows in one of its files.

    Args:
        version: the pinned one that it stands for.
        source: the version it was taken from, where that is another one.
        ignored: keys that the program passes over without a word where they do not belong.
        any_case: the program does not tell upper from lower case in keys.
    """

    path: Path
    program: str
    version: str
    source: str | None
    what: str
    levels: Mapping[Level, frozenset[str]]
    ignored: frozenset[str]
    any_case: bool

    def at(self, level: Level) -> frozenset[str]:
        """All keys of a level; none where nothing is recorded below it."""
        found = (
            keys
            for pattern, keys in self.levels.items()
            if len(pattern) == len(level) and _fit(pattern, level)
        )
        return frozenset().union(*found)

    def elsewhere(self, key: str) -> list[str]:
        """The levels where a key belongs."""
        return sorted(named(level) for level, keys in self.levels.items() if key in keys)

    def refusals(self, document: Any, *, file: str) -> list[str]:
        """One sentence for each key that the program does not know where it stands."""
        return [f"{file}: {said}" for said in self._refusals(document, ())]

    def _refusals(self, node: Any, level: Level) -> Iterator[str]:
        if isinstance(node, list):
            for each in node:
                yield from self._refusals(each, level)
        elif isinstance(node, Mapping) and node:
            known = self.at(level)
            if level and not known:
                yield f"{named(level)} is a value to {self}, or a section that {self.path.name} does not have yet"
                return
            for given, value in node.items():
                key = str(given).lower() if self.any_case else str(given)
                if any(_is(pattern, key) for pattern in known):
                    yield from self._refusals(value, (*level, key))
                else:
                    yield self._refusal(str(given), key, level, known)

    def _refusal(self, given: str, key: str, level: Level, known: frozenset[str]) -> str:
        said = f"{given!r} in {named(level)} is unknown to {self}"
        if key in self.ignored:
            said += ", which ignores it there without a word"
        if elsewhere := self.elsewhere(key):
            return f"{said}; it belongs to {', '.join(elsewhere)}"
        if near := difflib.get_close_matches(key, known, n=3):
            return f"{said}; nearest: {', '.join(near)}"
        return f"{said}; a key that it does know is added to {self.path.name}"

    def __str__(self) -> str:
        return f"{self.program} {self.version}"


def named(level: Level) -> str:
    """A level in words."""
    return "/".join(level) or "the top level"


def version_of(tag: str) -> str:
    """The version in an image's tag: ``v3.7.15``, ``8.2.9-bookworm``, ``RELEASE.2026-09-16T00-00-00Z``."""
    found = re.search(r"\d{4}-\d\d-\d\d|\d+(?:\.\d+)+", tag)
    return found[0] if found else tag


@cache
def records() -> Mapping[tuple[str, str], Record]:
    """All records, by program and by what."""
    found = [_read(path) for path in sorted(FOLDER.glob("*.yaml"))]
    return {(each.program, each.what): each for each in found}


def _read(path: Path) -> Record:
    parts = NAME.fullmatch(path.name)
    assert parts, f"{path.name}: call it <program>-<pinned version>[-from-<other version>].<what>.yaml"
    document = YAML(typ="safe").load(path)
    any_case = document.get("case") == "ignored"
    return Record(
        path=path,
        program=parts["program"],
        version=parts["version"],
        source=parts["source"],
        what=parts["what"],
        levels={
            _folded(tuple(level.split("/")) if level else (), any_case): frozenset(
                _folded(tuple(keys.split()), any_case)
            )
            for level, keys in document["levels"].items()
        },
        ignored=frozenset(document.get("ignored", "").split()),
        any_case=any_case,
    )


def _folded(names: tuple[str, ...], any_case: bool) -> tuple[str, ...]:
    return tuple(name.lower() for name in names) if any_case else names


def _fit(pattern: Level, level: Level) -> bool:
    return all(_is(wanted, name) for wanted, name in zip(pattern, level, strict=True))


def _is(pattern: str, key: str) -> bool:
    """A star alone is any name; inside a key such as ``default_user_tags.*`` it stands for one part of it."""
    if "*" not in pattern or pattern == "*":
        return pattern in {"*", key}
    return re.fullmatch(re.escape(pattern).replace(r"\*", r"[^.]+"), key) is not None
