"""What a file will hold once Terraform has put the values in, with marks where the secret ones go."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

OPENING, CLOSING = "\ue000", "\ue001"
"""Around the name of a secret value. No program's file has these characters, and no parser minds them."""

_DOLLARS = re.compile(r'\$\{"(\$+)"\}')
_VALUE = re.compile(r"(?<!\$)\$\{((?:random_password|var)\.[A-Za-z0-9_.-]+)\}")
_MARK = re.compile(f"{OPENING}([^{CLOSING}]*){CLOSING}")


def marked(template: str, names: Mapping[str, str]) -> str:
    """A Terraform template as the text that it stands for.

    Args:
        names: of secret values, by their Terraform reference; what is not in it keeps the reference as its name.
    """
    text = _DOLLARS.sub(lambda match: match[1], template)
    text = _VALUE.sub(lambda match: f"{OPENING}{names.get(match[1], match[1])}{CLOSING}", text)
    return text.replace("$${", "${").replace("%%{", "%{")


def values_in(text: str) -> list[str]:
    """Names of the secret values in a marked text, each once."""
    return list(dict.fromkeys(_MARK.findall(text)))


def references_in(template: str) -> list[str]:
    """Terraform references to values in a template, each once."""
    return list(dict.fromkeys(_VALUE.findall(template)))


def shown(text: str) -> str:
    """A marked text for people: ``<redis-password>`` in place of the mark."""
    return _MARK.sub(r"<\1>", text)


def filled(text: str, value_of: Callable[[str], str]) -> str:
    """A marked text with values in place of the marks.

    Args:
        value_of: takes the name in a mark.
    """
    return _MARK.sub(lambda match: value_of(match[1]), text)
