"""The expressions of route rules and auth rules.

Calls with string arguments, joined by `&&`, `||`, `!`, `( )`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Subject = TypeVar("Subject")
Test = Callable[[Subject], bool]


class ExpressionError(ValueError):
    """The expression cannot be used; the message says where and what was allowed."""


_TOKEN = re.compile(r'\s*(?:(`[^`]*`)|("(?:[^"\\]|\\.)*")|([A-Za-z]\w*)|(&&|\|\||[!(),]))')


@dataclass(frozen=True)
class Token:
    """One word of an expression; `kind` is text, name or sign."""

    kind: str
    value: str
    position: int


def tokens(source: str) -> list[Token]:
    """Split an expression into its words."""
    found: list[Token] = []
    position = 0
    while source[position:].strip():
        match = _TOKEN.match(source, position)
        if match is None:
            raise ExpressionError(f"{source!r}: cannot read from character {position + 1} on")
        raw, quoted, name, sign = match.groups()
        if raw is not None:
            found.append(Token("text", raw[1:-1], position))
        elif quoted is not None:
            found.append(Token("text", re.sub(r"\\(.)", r"\1", quoted[1:-1]), position))
        else:
            found.append(Token("name", name, position) if name else Token("sign", sign, position))
        position = match.end()
    return found


class Parser(Generic[Subject]):
    """Turns an expression into one test. `||` binds weaker than `&&`, which binds weaker than `!`."""

    def __init__(self, source: str, make: Callable[[str, list[str]], Test[Subject]]) -> None:
        self._source = source
        self._make = make
        self._tokens = tokens(source)
        self._next = 0

    def parse(self) -> Test[Subject]:
        """The whole expression as a test."""
        test = self._either()
        if self._next < len(self._tokens):
            raise self._unexpected("the end")
        return test

    def _either(self) -> Test[Subject]:
        left = self._both()
        while self._take("||"):
            left = _or(left, self._both())
        return left

    def _both(self) -> Test[Subject]:
        left = self._one()
        while self._take("&&"):
            left = _and(left, self._one())
        return left

    def _one(self) -> Test[Subject]:
        if self._take("!"):
            inner = self._one()
            return lambda subject: not inner(subject)
        if self._take("("):
            test = self._either()
            self._need(")")
            return test
        if self._next < len(self._tokens) and self._tokens[self._next].kind == "name":
            name = self._tokens[self._next].value
            self._next += 1
            return self._make(name, self._arguments())
        raise self._unexpected("a function, '!' or '('")

    def _arguments(self) -> list[str]:
        self._need("(")
        found: list[str] = []
        if self._take(")"):
            return found
        while True:
            if self._next >= len(self._tokens) or self._tokens[self._next].kind != "text":
                raise self._unexpected("a string in backticks")
            found.append(self._tokens[self._next].value)
            self._next += 1
            if self._take(")"):
                return found
            self._need(",")

    def _take(self, sign: str) -> bool:
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            if token.kind == "sign" and token.value == sign:
                self._next += 1
                return True
        return False

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected(repr(sign))

    def _unexpected(self, wanted: str) -> ExpressionError:
        if self._next >= len(self._tokens):
            return ExpressionError(f"{self._source!r}: ends where {wanted} was expected")
        token = self._tokens[self._next]
        return ExpressionError(
            f"{self._source!r}: {token.value!r} at character {token.position + 1}, expected {wanted}"
        )


def _and(left: Test[Subject], right: Test[Subject]) -> Test[Subject]:
    return lambda subject: left(subject) and right(subject)


def _or(left: Test[Subject], right: Test[Subject]) -> Test[Subject]:
    return lambda subject: left(subject) or right(subject)


def pattern(source: str) -> re.Pattern[str]:
    """Compile a regular expression.

    Letters and word boundaries are ASCII, as in the real program's engine.
    """
    try:
        return re.compile(source, re.ASCII)
    except re.error as error:
        raise ExpressionError(f"{source!r} is not a regular expression: {error}") from error
