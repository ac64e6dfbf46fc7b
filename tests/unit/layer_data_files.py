"""Reads the files of the data layer for its tests."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml import YAML

from layers.services import ServicesStack
from tests.stacks.synthesis import text_at


def pairs(text: str) -> dict[str, str]:
    """Lines of ``name = value`` or ``name value``, comments left out."""
    lines = (line.strip() for line in text.splitlines())
    found = (
        re.split(r"\s*=\s*|\s+", line, maxsplit=1) for line in lines if line and not line.startswith("#")
    )
    return {words[0]: words[1] if len(words) > 1 else "" for words in found}


def yaml_at(stack: ServicesStack, name: str, path: str) -> Any:
    """A YAML file that a service reads, parsed."""
    return YAML(typ="safe").load(text_at(stack, name, path))
