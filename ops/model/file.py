"""A file that a service reads."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ops.model.decoding import Broken, Scalar, Value, parsed, values
from ops.model.inventory import Inventory, Resource
from ops.model.template import marked, values_in

_LOCAL = re.compile(r"^\$\{base64encode\(local\.([^)]+)\)\}$")


@dataclass(frozen=True, kw_only=True)
class MountedFile:
    """A config or secret at a path of the task.

    Args:
        at: the path.
        text: what it holds, with marks in place of secret values.
        kind: ``config`` or ``secret``.
        address: of the Docker object in Terraform.
        name: of the Docker object, without its hash.
        mode: its permission bits.
        owner: ``uid:gid``.
    """

    at: str
    text: str
    kind: str = ""
    address: str = ""
    name: str = ""
    mode: int = 0
    owner: str = ""

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """Everything in it."""
        return values(self.at, self.text)

    @cached_property
    def data(self) -> Any:
        """Parsed; ``None`` where it is in a language of its own, or broken."""
        try:
            return parsed(self.at, self.text)
        except Broken:
            return None

    @property
    def problem(self) -> str:
        """Why it cannot be parsed; empty where it can."""
        try:
            parsed(self.at, self.text)
        except Broken as error:
            return str(error)
        return ""

    @property
    def secrets(self) -> list[str]:
        """Names of the secret values in it."""
        return values_in(self.text)

    def get(self, key: str) -> Scalar:
        """The value at a key such as ``redis/port``; ``None`` where there is none."""
        return self._by_key.get(key)

    @cached_property
    def _by_key(self) -> dict[str, Scalar]:
        return {value.key: value.value for value in self.values}

    def has(self, key: str) -> bool:
        """Whether there is something at a key, a value or more."""
        return key in self._by_key or any(value.key.startswith(f"{key}/") for value in self.values)


def text_of(resource: Resource, inventory: Inventory, secrets: Mapping[str, str]) -> str:
    """What a docker_config or docker_secret will hold, as far as it is known before Terraform runs.

    Args:
        secrets: names of secret values by their Terraform reference, for the marks.
    """
    data = str(resource.values.get("data") or "")
    if _LOCAL.match(data):
        return marked(template_of(resource, inventory), secrets)
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return f"(not text: {len(data)} characters of base64)\n"


def template_of(resource: Resource, inventory: Inventory) -> str:
    """The Terraform template of a docker_secret; empty where its content is none."""
    local = _LOCAL.match(str(resource.values.get("data") or ""))
    return str(inventory.templates.get(local[1], "")) if local else ""
