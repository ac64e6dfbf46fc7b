"""Resources that one block of the code makes several of, as Terraform addresses each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_EACH = re.compile(r"\$\{each\.(key|value)((?:\.[A-Za-z0-9_]+)*)\}")


def instances(address: str, values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Address and values of each instance; the block itself where it has neither ``for_each`` nor ``count``.

    What only Terraform can count (an expression) stays one, under the block's address.
    """
    own = {name: value for name, value in values.items() if name not in ("for_each", "count")}
    each, count = values.get("for_each"), values.get("count")
    if isinstance(each, Mapping):
        for key, value in each.items():
            yield f"{address}[{json.dumps(key)}]", _filled(own, key, value)
    elif isinstance(count, int):
        for number in range(count):
            yield f"{address}[{number}]", dict(own)
    else:
        yield address, own


def _filled(value: Any, key: str, each: Any) -> Any:
    """The same with ``each.key`` and ``each.value`` put in; a value that is only that keeps its type."""
    if isinstance(value, Mapping):
        return {name: _filled(part, key, each) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, key, each) for part in value]
    if not isinstance(value, str):
        return value
    whole = _EACH.fullmatch(value)
    if whole:
        return _found(whole, key, each)
    return _EACH.sub(lambda match: str(_found(match, key, each)), value)


def _found(match: re.Match[str], key: str, each: Any) -> Any:
    value: Any = key if match[1] == "key" else each
    for part in match[2].split(".")[1:]:
        value = value.get(part) if isinstance(value, Mapping) else None
    return match[0] if value is None else value
