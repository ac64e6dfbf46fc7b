"""What is in a copy, line by line: name, count, checksum."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LINE = re.compile(r"(?P<name>\S.*?) +(?P<count>\d+) +(?P<checksum>\S+)")


def differences(recorded: Iterable[str], found: Iterable[str]) -> list[str]:
    """Where the content of a copy is not what the manifest says; lines of other forms are messages, and do not count.

    A manifest without a line is a difference itself: nothing would be compared.
    """
    wanted, there = _things(recorded), _things(found)
    if not wanted:
        return ["the copy has no manifest, so nothing can be compared"]
    return [
        _difference(name, wanted.get(name), there.get(name))
        for name in sorted(wanted.keys() | there.keys())
        if wanted.get(name) != there.get(name)
    ]


def missing(recorded: Iterable[str], found: Iterable[str]) -> list[str]:
    """What was there and is not any more, or is empty; other counts and checksums may be others."""
    wanted, there = _things(recorded), _things(found)
    if not wanted:
        return ["the copy has no manifest, so nothing can be compared"]
    return [
        f"{name}: {there[name][0] if name in there else 'nothing'}, and {count} before"
        for name, (count, _) in sorted(wanted.items())
        if count and not (name in there and there[name][0])
    ]


def _things(lines: Iterable[str]) -> dict[str, tuple[int, str]]:
    matches = filter(None, (_LINE.fullmatch(line.strip()) for line in lines))
    return {match["name"]: (int(match["count"]), match["checksum"]) for match in matches}


def _difference(name: str, wanted: tuple[int, str] | None, there: tuple[int, str] | None) -> str:
    if there is None:
        return f"{name}: not in the copy"
    if wanted is None:
        return f"{name}: in the copy, and not when it was made"
    if wanted[0] != there[0]:
        return f"{name}: {there[0]}, and {wanted[0]} when the copy was made"
    return f"{name}: other content than when the copy was made ({there[1][:12]}, then {wanted[1][:12]})"
