"""What a stack has otherwise than another one, as lines that people can review and a program can apply.

A difference has no line numbers, so that it stays as it is when other lines of its base move. Instead each change carries
as many unchanged lines above it as make its place certain.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from tests.stacks.snapshot import CONSTRUCTS, Sections

_HEADER = re.compile(r"@@ (?P<name>\S+) @@(?P<absent> absent)?( added)?( like (?P<like>\S+))?")


class DoesNotFit(Exception):
    """A difference needs a section or a line that its base does not have."""


def difference(base: Sections, other: Sections) -> list[str]:
    """For each section that differs ``@@ name @@`` and what changed.

    Behind the name stands ``absent`` for a section that only the base has, ``added`` for one that it lacks. An added one is
    shown as a change of the base's most similar section of its type where that is shorter: ``like`` and its name.
    """
    found: list[str] = []
    for name in sorted({*base, *other}, key=lambda name: (name == CONSTRUCTS, name)):
        if name not in other:
            found.append(f"@@ {name} @@ absent")
        elif name not in base:
            found += _added(base, name, other[name])
        elif base[name] != other[name]:
            found += [f"@@ {name} @@", *changed_lines(base[name], other[name])]
    return found


def applied(base: Sections, changes: Iterable[str]) -> Sections:
    """The other stack's sections.

    Raises:
        DoesNotFit: the difference was made from another base.
    """
    result = dict(base)
    for name, absent, like, lines in _parsed(changes):
        start = like or name
        if (absent or like) and start not in base:
            raise DoesNotFit(f"there is no {start}")
        try:
            result[name] = changed(base.get(start, []), lines)
        except DoesNotFit as error:
            raise DoesNotFit(f"{start} has no line {error}") from None
        if absent:
            del result[name]
    return result


def changed_lines(base: Sequence[str], other: Sequence[str]) -> list[str]:
    """Lines that begin with ``-`` (only in base), ``+`` (only in other) or a space (in both, to show the place)."""
    found: list[str] = []
    reached = 0
    for operation, start, end, other_start, other_end in SequenceMatcher(
        None, base, other, autojunk=False
    ).get_opcodes():
        if operation == "equal":
            continue
        # A removed line is its own place; before an added one stands the line above. Where the same line comes earlier too,
        # it takes more of those above.
        first = start if end > start else max(start - 1, reached)
        while first > reached and base.index(base[first], reached) != first:
            first -= 1
        found += [f" {line}" for line in base[first:start]]
        found += [f"-{line}" for line in base[start:end]]
        found += [f"+{line}" for line in other[other_start:other_end]]
        reached = end
    return found


def changed(base: Sequence[str], changes: Iterable[str]) -> list[str]:
    """The other list of lines: each line to keep or remove is the next such line of the base.

    Raises:
        DoesNotFit: the base has no such line.
    """
    result: list[str] = []
    reached = 0
    for mark, line in ((change[:1], change[1:]) for change in changes):
        if mark == "+":
            result.append(line)
            continue
        try:
            at = base.index(line, reached)
        except ValueError:
            raise DoesNotFit(repr(line)) from None
        result += base[reached : at + (mark == " ")]
        reached = at + 1
    return [*result, *base[reached:]]


def _added(base: Sections, name: str, lines: list[str]) -> list[str]:
    kind = name.partition(".")[0]
    similar = max(
        (other for other in base if other.partition(".")[0] == kind),
        key=lambda other: (_in_common(base[other], lines), SequenceMatcher(None, other, name).ratio()),
        default=None,
    )
    if similar is not None and len(changes := changed_lines(base[similar], lines)) < len(lines):
        return [f"@@ {name} @@ like {similar}", *changes]
    return [f"@@ {name} @@ added", *(f"+{line}" for line in lines)]


def _in_common(one: Sequence[str], other: Sequence[str]) -> int:
    return (Counter(one) & Counter(other)).total()


def _parsed(changes: Iterable[str]) -> Iterator[tuple[str, bool, str | None, list[str]]]:
    """Name, whether absent, what it is like, and lines of each section."""
    found: list[tuple[str, bool, str | None, list[str]]] = []
    for line in changes:
        header = _HEADER.fullmatch(line)
        if header:
            found.append((header["name"], bool(header["absent"]), header["like"], []))
        elif found:
            found[-1][3].append(line)
        else:
            raise DoesNotFit(f"before the first section stands {line!r}")
    yield from found
