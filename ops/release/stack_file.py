"""A synthesized stack as it is kept: its key, its packed form, and what runs in it."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ops.model.inventory import from_synthesis
from ops.model.services import services_of

Document = Mapping[str, Any]


def key_of(document: Document) -> str:
    """What tells two stacks apart: 16 hex digits of the hash of their resources and locals.

    Left out is what differs between two clones that ask for the same: where the state is, how the engine is reached,
    and notes of cdktf.
    """
    asked = {name: _without_notes(document.get(name, {})) for name in ("locals", "resource")}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def packed(document: Document) -> bytes:
    """The stack compressed; the same bytes for the same stack."""
    return gzip.compress(json.dumps(document, sort_keys=True).encode(), mtime=0)


def unpacked(content: bytes) -> dict[str, Any]:
    """The stack again."""
    document: dict[str, Any] = json.loads(gzip.decompress(content))
    return document


def images_in(document: Document) -> dict[str, str]:
    """The image of each service."""
    return {each.name: each.image.reference for each in services_of(from_synthesis(document))}


def _without_notes(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: _without_notes(value) for name, value in values.items() if name != "//"}
    return [_without_notes(value) for value in values] if isinstance(values, list) else values
