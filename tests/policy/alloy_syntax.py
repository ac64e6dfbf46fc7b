"""Blocks and attributes of Alloy's configuration language, as nested mappings; what an attribute's value says is left out.

The grammar: grafana.com/docs/alloy/latest/get-started/configuration-syntax/syntax.
"""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|`[^`]*`|[A-Za-z_][\w.]*|[{}\[\]()]|\n|[^\s\w]|\S""", re.DOTALL
)
_CLOSES = {"{": "}", "[": "]", "(": ")"}


def blocks(text: str) -> dict[str, Any]:
    """``{"loki.write": [{"endpoint": [{"url": ...}]}]}``: each block under its name, without its label."""
    tokens = [token for token in _TOKEN.findall(text) if not token.startswith(("//", "/*"))]
    tokens.reverse()
    return _body(tokens)


def _body(tokens: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while tokens and (name := tokens.pop()) != "}":
        if name == "\n":
            continue
        following = tokens.pop()
        if following == "=":
            found[name] = None
            _skip_value(tokens)
            continue
        if following != "{":  # the block's label
            opened = tokens.pop()
            assert opened == "{", f"Alloy: after {name} {following} a block was expected, not {opened!r}"
        found.setdefault(name, []).append(_body(tokens))
    return found


def _skip_value(tokens: list[str]) -> None:
    """Up to the end of the line, or further while a bracket is open."""
    open_brackets: list[str] = []
    while open_brackets or tokens[-1] != "\n":
        token = tokens.pop()
        if token in _CLOSES:
            open_brackets.append(_CLOSES[token])
        elif open_brackets and token == open_brackets[-1]:
            open_brackets.pop()
