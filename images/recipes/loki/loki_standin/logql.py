"""The part of LogQL that is answered: a stream selector and line filters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_MATCHER = re.compile(r'\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*(,|$)')
_FILTER = re.compile(r'\s*(\|=|!=|\|~|!~)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)')


class QueryError(ValueError):
    """The query cannot be answered; the message says why."""


@dataclass(frozen=True)
class Query:
    """Matchers are (label, operator, value), filters (operator, value)."""

    matchers: tuple[tuple[str, str, str], ...]
    filters: tuple[tuple[str, str], ...]

    def takes_stream(self, labels: Mapping[str, str]) -> bool:
        """Do the labels match the selector? A missing label counts as empty."""
        return all(_holds(labels.get(label, ""), sign, value) for label, sign, value in self.matchers)

    def takes_line(self, line: str) -> bool:
        """Does the line pass all filters?"""
        return all(_passes(line, sign, value) for sign, value in self.filters)


def parse(source: str) -> Query:
    """Read `{label="value"} |= "text"`; QueryError for anything else."""
    text = source.strip()
    end = _closing(text)
    matchers: list[tuple[str, str, str]] = []
    inner, position = text[1:end], 0
    while inner[position:].strip():
        match = _MATCHER.match(inner, position)
        if match is None:
            raise QueryError(f'parse error at {inner[position:]!r}: label="value" is expected')
        matchers.append((match[1], match[2], _unquoted(match[3])))
        position = match.end()
    if not any(sign in ("=", "=~") and value for _, sign, value in matchers):
        raise QueryError(
            "queries require at least one regexp or equality matcher that does not have an empty-compatible value"
        )
    return Query(tuple(matchers), tuple(_filters(text[end + 1 :])))


def _filters(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while text[position:].strip():
        match = _FILTER.match(text, position)
        if match is None:
            raise QueryError(
                f"{text[position:].strip()!r}: this stand-in knows |= != |~ !~ after the selector"
            )
        found.append((match[1], _unquoted(match[2])))
        position = match.end()
    for sign, value in found:
        if "~" in sign:
            _compiled(value)
    return found


def _closing(text: str) -> int:
    if not text.startswith("{"):
        raise QueryError(f'{text[:40]!r}: a selector such as {{service="core"}} is expected first')
    quote = ""
    for index, character in enumerate(text):
        if quote:
            if character == quote and text[index - 1] != "\\":
                quote = ""
        elif character in '"`':
            quote = character
        elif character == "}":
            return index
    raise QueryError("the selector has no closing }")


def _unquoted(text: str) -> str:
    if text.startswith("`"):
        return text[1:-1]
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text[1:-1])


def _holds(actual: str, sign: str, value: str) -> bool:
    if "~" in sign:
        return (_compiled(value).fullmatch(actual) is not None) == (sign == "=~")
    return (actual == value) == (sign == "=")


def _passes(line: str, sign: str, value: str) -> bool:
    if "~" in sign:
        return (_compiled(value).search(line) is not None) == (sign == "|~")
    return (value in line) == (sign == "|=")


def _compiled(source: str) -> re.Pattern[str]:
    try:
        return re.compile(source, re.ASCII | re.DOTALL)
    except re.error as error:
        raise QueryError(f"{source!r} is not a regular expression: {error}") from error
