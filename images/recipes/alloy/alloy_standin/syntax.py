"""Alloy's configuration syntax: blocks, attributes, and the values that this platform uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from standin.log import Refusal

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|//[^\n]*|/\*.*?\*/)|(?P<line>\n)|(?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)"""
    r"""|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<sign>[{}\[\](),=])""",
    re.DOTALL,
)
_ESCAPE = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True)
class Reference:
    """A value of another component, such as `discovery.docker.all.targets`."""

    name: str


@dataclass
class Block:
    """`name "label" { ... }`"""

    name: str
    label: str
    line: int
    values: dict[str, Any] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    @property
    def id(self) -> str:
        """How other components refer to it."""
        return f"{self.name}.{self.label}" if self.label else self.name

    def inner(self, name: str) -> list[Block]:
        """The nested blocks of that name."""
        return [block for block in self.blocks if block.name == name]


@dataclass(frozen=True)
class Token:
    """One word; `kind` is text, number, name, sign or line."""

    kind: str
    value: str
    line: int


def parse(source: str, where: str) -> list[Block]:
    """The top-level blocks; `Refusal` with the line of what cannot be read."""
    return _Parser(list(_tokens(source, where)), where).body("")[1]


def _tokens(source: str, where: str) -> Iterator[Token]:
    position, line = 0, 1
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            raise Refusal(f"{where}:{line}: cannot read {source[position : position + 20]!r}")
        kind = str(match.lastgroup)
        if kind != "space":
            yield Token(kind, match.group(), line)
        line += match.group().count("\n")
        position = match.end()


class _Parser:
    def __init__(self, tokens: list[Token], where: str) -> None:
        self._tokens = tokens
        self._where = where
        self._next = 0

    def body(self, end: str) -> tuple[dict[str, Any], list[Block]]:
        """Attributes and blocks up to the closing sign (or the end of the file)."""
        values: dict[str, Any] = {}
        blocks: list[Block] = []
        while True:
            self._skip_lines()
            token = self._peek()
            if token is None and not end:
                return values, blocks
            if token is not None and token.kind == "sign" and token.value == end:
                self._next += 1
                return values, blocks
            if token is None or token.kind != "name":
                raise self._unexpected("a name")
            self._next += 1
            if self._take("="):
                self._skip_lines()
                values[token.value] = self._value()
            else:
                blocks.append(self._block(token))

    def _block(self, name: Token) -> Block:
        label, token = "", self._peek()
        if token is not None and token.kind == "text":
            label = _text(token.value)
            self._next += 1
        if not self._take("{"):
            raise self._unexpected("'=' or '{'")
        values, blocks = self.body("}")
        return Block(name.value, label, name.line, values, blocks)

    def _value(self) -> Any:
        token = self._peek()
        if token is None:
            raise self._unexpected("a value")
        self._next += 1
        if token.kind == "text":
            return _text(token.value)
        if token.kind == "number":
            return float(token.value) if "." in token.value else int(token.value)
        if token.kind == "name":
            return {"true": True, "false": False, "null": None}.get(token.value, Reference(token.value))
        if token.value == "[":
            return self._list()
        if token.value == "{":
            return self._object()
        self._next -= 1
        raise self._unexpected("a value")

    def _list(self) -> list[Any]:
        found: list[Any] = []
        while True:
            self._skip_lines()
            if self._take("]"):
                return found
            found.append(self._value())
            self._skip_lines()
            if not self._take(",") and not self._is("]"):
                raise self._unexpected("',' or ']'")

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            self._skip_lines()
            if self._take("}"):
                return found
            key = self._peek()
            if key is None or key.kind not in ("name", "text"):
                raise self._unexpected("a key")
            self._next += 1
            if not self._take("="):
                raise self._unexpected("'='")
            found[_text(key.value) if key.kind == "text" else key.value] = self._value()
            self._skip_lines()
            if not self._take(",") and not self._is("}"):
                raise self._unexpected("',' or '}'")

    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _is(self, sign: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "sign" and token.value == sign

    def _take(self, sign: str) -> bool:
        found = self._is(sign)
        self._next += found
        return found

    def _skip_lines(self) -> None:
        while (token := self._peek()) is not None and token.kind == "line":
            self._next += 1

    def _unexpected(self, wanted: str) -> Refusal:
        token = self._peek()
        if token is None:
            return Refusal(f"{self._where}: ends where {wanted} was expected")
        found = "end of line" if token.kind == "line" else repr(token.value)
        return Refusal(f"{self._where}:{token.line}: {found}, expected {wanted}")


def _text(source: str) -> str:
    if source.startswith("`"):
        return source[1:-1]
    return re.sub(r"\\(.)", lambda m: _ESCAPE.get(m[1], m[1]), source[1:-1])
