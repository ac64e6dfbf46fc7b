"""Terraform expressions inside a text that Terraform must otherwise take as it is."""

from __future__ import annotations

import re

from ..errors import SettingsError

_EXPRESSION = re.compile(r"\$\{([^{}]+)\}")
_MARK = "SprocketExpression{}End"


class Expressions:
    """Holds each expression's place while a text is made, so that nothing quotes or escapes it."""

    def __init__(self) -> None:
        self._expressions: dict[str, tuple[str, int]] = {}

    def base64(self, expression: str, *, size: int) -> str:
        """The place of a value in base64, for one of several lines.

        Args:
            size: bytes of the value at most, when Terraform knows it.
        """
        return self._placeholder(f"${{base64encode({_inner(expression)})}}", (size + 2) // 3 * 4)

    def line(self, expression: str, *, size: int) -> str:
        """The place of a value of one line, without the newline that it may end in."""
        return self._placeholder(f"${{trimspace({_inner(expression)})}}", size)

    def fill(self, text: str) -> str:
        """The text for Terraform: literal except for the expressions."""
        text = text.replace("${", "$${").replace("%{", "%%{")
        for mark, (expression, _) in self._expressions.items():
            text = text.replace(mark, expression)
        return text

    def size(self, text: str) -> int:
        """Bytes that the text has when Terraform has put the values in."""
        for mark, (_, size) in self._expressions.items():
            text = text.replace(mark, "x" * size)
        return len(text.encode())

    def _placeholder(self, expression: str, size: int) -> str:
        mark = _MARK.format(len(self._expressions))
        self._expressions[mark] = (expression, size)
        return mark


def is_reference(text: str) -> bool:
    """Whether a text is one Terraform expression and nothing else."""
    return _EXPRESSION.fullmatch(text) is not None


def _inner(expression: str) -> str:
    """What stands between ``${`` and ``}``, for use inside a call.

    cdktf's own tokens cannot stand there: they turn into ``${...}`` again, inside the call.
    """
    found = _EXPRESSION.fullmatch(expression)
    if found is None or "TfToken" in expression:
        raise SettingsError.of(
            "a key is not one plain Terraform reference",
            fix="give it as text such as ${tls_private_key.join.private_key_openssh}, made with the resource's "
            "friendly_unique_id",
            setting="user data",
        )
    return found[1]
