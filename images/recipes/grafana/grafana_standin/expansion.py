"""Variables inside provisioning files.

`$VAR`, `${VAR}`, `$__env{VAR}`, `$__file{path}`, `$$` for a dollar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from standin.log import Refusal

_VARIABLE = re.compile(r"\$\$|\$__(\w+)\{([^}]*)\}|\$\{(\w+)\}|\$(\w+)")


def expand(value: Any, environment: Mapping[str, str], where: str) -> Any:
    """The value with all variables replaced, also in nested lists and mappings; keys stay as they are."""
    if isinstance(value, dict):
        return {key: expand(inner, environment, f"{where}/{key}") for key, inner in value.items()}
    if isinstance(value, list):
        return [expand(inner, environment, f"{where}/{index}") for index, inner in enumerate(value)]
    if isinstance(value, str) and "$" in value:
        return _VARIABLE.sub(lambda match: _replaced(match, environment, where), value)
    return value


def _replaced(match: re.Match[str], environment: Mapping[str, str], where: str) -> str:
    if match.group(0) == "$$":
        return "$"
    kind, argument, braced, plain = match.groups()
    if kind is None:
        return environment.get(braced or plain, "")
    if kind == "env":
        return environment.get(argument, "")
    if kind != "file":
        raise Refusal(f"{where}: $__{kind}{{}}: $__file{{path}} and $__env{{name}} are allowed")
    try:
        return Path(argument).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(
            f"{where}: $__file{{{argument}}}: cannot be read ({error}); mount it or change the path"
        ) from error
