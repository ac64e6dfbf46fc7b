"""Auth rules: may this signed-in user pass?"""

from __future__ import annotations

from typing import Any

from forward_auth.expression import ExpressionError, Parser, Test, pattern
from forward_auth.userinfo import field_text


def parse_auth_rule(source: str, info_fields: list[str]) -> Test[Any]:
    """A test of a userinfo object. Functions: `True()`, `In(path, value...)`, `Regexp(path, pattern)`.

    A path must be listed in `info-fields`, because nothing else is kept in the cookie.
    """

    def make(name: str, arguments: list[str]) -> Test[Any]:
        if name == "True" and not arguments:
            return lambda userinfo: True
        if name == "In" and arguments:
            return _one_of(_known(arguments[0], info_fields), arguments[1:])
        if name == "Regexp" and len(arguments) == 2:
            return _matches(_known(arguments[0], info_fields), arguments[1])
        raise ExpressionError(
            f"{source!r}: {name} with {len(arguments)} arguments;"
            " allowed: True(), In(`path`, `value`, ...), Regexp(`path`, `pattern`)"
        )

    return Parser[Any](source, make).parse()


def _known(path: str, info_fields: list[str]) -> str:
    if path not in info_fields:
        raise ExpressionError(
            f'"{path}" is not allowed as path reference - include it in "info-fields" config'
            f" (now: {', '.join(info_fields)})"
        )
    return path


def _one_of(path: str, values: list[str]) -> Test[Any]:
    return lambda userinfo: field_text(userinfo, path) in values


def _matches(path: str, source: str) -> Test[Any]:
    compiled = pattern(source)

    def test(userinfo: Any) -> bool:
        text = field_text(userinfo, path)
        return text is not None and compiled.search(text) is not None

    return test
