"""Secret values: which variables have none, and which values no output may show."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ops.model.state import resources_of


def names(document: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> list[str]:
    """Terraform variables of a synthesized stack that have neither a default nor a value in the shell."""
    return [
        name
        for name, declared in sorted(document.get("variable", {}).items())
        if "default" not in declared and not environment.get(f"TF_VAR_{name}")
    ]


def known_values(state: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> set[str]:
    """Secret values that are in the state or were supplied: what must not be seen in any output."""
    found = {value for name, value in environment.items() if name.startswith("TF_VAR_") and value}
    for resource in resources_of(state):
        found.update(_sensitive(resource.get("values"), resource.get("sensitive_values")))
        if resource.get("type") == "random_password":
            found.add(str(resource["values"].get("result") or ""))
    return found - {""}


def _sensitive(value: Any, marks: Any) -> Iterator[str]:
    if marks is True and isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and isinstance(marks, Mapping):
        for name, part in value.items():
            yield from _sensitive(part, marks.get(name))
    elif isinstance(value, list) and isinstance(marks, list):
        for part, mark in zip(value, marks, strict=False):
            yield from _sensitive(part, mark)
