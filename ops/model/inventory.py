"""What a stack consists of, read from synthesized JSON or from Terraform's state, in one form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ops.model.instances import instances
from ops.model.redact import redacted
from ops.model.state import resources_of

Values = Mapping[str, Any]

REFERENCE = re.compile(
    r"\$\{(?P<address>[a-z0-9_]+\.[A-Za-z0-9_-]+(?:\[[^\]]*\])?)\.(?P<attribute>[a-z0-9_]+)\}"
)
"""One attribute of another resource, as text in synthesized JSON."""
_REFERENCE = re.compile(r"^\$\{([a-z0-9_]+\.[A-Za-z0-9_-]+)\.(?:id|name)\}$")

SHARED = "shared"
"""The layer of what hangs directly on the stack."""

LAYERS = ("cloud", "ingress", "data", "platform")
"""In the order they are shown; others follow by name."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One Terraform resource: its address, its construct's path and what it is set to."""

    address: str
    path: str
    values: Values

    @property
    def type(self) -> str:
        """Terraform's type, such as docker_service."""
        return self.address.split(".", 1)[0]

    @property
    def name(self) -> str:
        """What people call it: its own name without hash or template, else the construct's id."""
        name = self.values.get("name")
        if isinstance(name, str) and name:
            return readable_name(self.type, name)
        if self.values.get("description") and self.type == "digitalocean_monitor_alert":
            return str(self.values["description"])
        return self.owner.rsplit("/", 1)[-1]

    @property
    def ignored(self) -> tuple[str, ...]:
        """Settings whose changes Terraform leaves alone."""
        return tuple(map(str, one(self.values.get("lifecycle")).get("ignore_changes") or ()))

    @property
    def owner(self) -> str:
        """Path of the construct that made it."""
        return self.path.removesuffix("/Resource")

    @property
    def layer(self) -> str:
        """Second element of the path: local-services/data/redis/Resource is in data."""
        parts = self.path.split("/")
        if parts[0].endswith("-cloud"):
            return "cloud"
        return parts[1] if len(parts) > 2 else SHARED


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """All resources of a stack by address, and what their references and ids mean."""

    resources: dict[str, Resource]
    templates: Mapping[str, str] = field(default_factory=dict)
    """Terraform locals: the text of rendered secrets, with references in place of values."""
    access: Mapping[str, str] = field(default_factory=dict)
    """Who may use a host: ``public``, ``sign-in`` or ``role admin``."""

    def of_type(self, type_: str) -> list[Resource]:
        """Resources of one type, sorted by name."""
        return sorted(
            (r for r in self.resources.values() if r.type == type_), key=lambda r: (r.name, r.address)
        )

    def referred(self, text: str, type_: str) -> Resource | None:
        """The resource behind a reference (``${docker_network.x.id}``), an id or an exact name."""
        match = _REFERENCE.match(text)
        if match:
            return self.resources.get(match[1])
        return self._by_identity.get((type_, text))

    def address_of(self, text: str, type_: str) -> str:
        """The address that a reference, an id or a name means, also of what the stack does not have."""
        match = _REFERENCE.match(text)
        if match:
            return match[1]
        found = self._by_identity.get((type_, text))
        return found.address if found else f"{type_}.{text}"

    @cached_property
    def _by_identity(self) -> dict[tuple[str, str], Resource]:
        known: dict[tuple[str, str], Resource] = {}
        for resource in self.resources.values():
            for key in ("id", "name"):
                identity = resource.values.get(key)
                if isinstance(identity, str) and identity:
                    known[resource.type, identity] = resource
        return known


def from_synthesis(document: Mapping[str, Any]) -> Inventory:
    """The inventory that a synthesized ``cdk.tf.json`` asks for."""
    resources = {}
    for type_, group in document.get("resource", {}).items():
        for name, values in group.items():
            path = values.get("//", {}).get("metadata", {}).get("path", name)
            own = {key: value for key, value in values.items() if key != "//"}
            for address, made in instances(f"{type_}.{name}", own):
                resources[address] = Resource(address=address, path=path, values=made)
    return Inventory(
        resources=resources, templates=document.get("locals", {}), access=_access(document.get("output"))
    )


def from_state(state: Mapping[str, Any] | None, paths: Mapping[str, str]) -> Inventory:
    """The inventory of a state as ``terraform show -json`` prints it, or of the ``prior_state`` of a plan.

    Args:
        paths: construct path by address, from the synthesized JSON; for what is only in state it is guessed.
    """
    resources = {}
    for raw in resources_of(state):
        if raw.get("mode") != "managed":
            continue
        address = raw["address"]
        own = redacted(raw["type"], raw.get("values") or {}, raw.get("sensitive_values") or {})
        resources[address] = Resource(
            address=address, path=paths.get(address, _guessed_path(raw["name"])), values=own
        )
    return Inventory(resources=resources, access=_access(((state or {}).get("values") or {}).get("outputs")))


def _guessed_path(name: str) -> str:
    """Path of a construct that is no longer in the code: cdktf's name is the path joined by _, with a hash."""
    layer, _, rest = re.sub(r"_[0-9A-F]{8}$", "", name).partition("_")
    return f"?/{layer}/{rest}" if layer in LAYERS and rest else f"?/{name}"


def one(block: Any) -> Values:
    """A nested block: a mapping in synthesized JSON, a list of one in state."""
    if isinstance(block, list):
        block = block[0] if block else {}
    return block if isinstance(block, Mapping) else {}


def readable_name(type_: str, name: str) -> str:
    """A config's or secret's name without its hash."""
    if type_ in ("docker_config", "docker_secret"):
        return re.sub(r"-(\$\{.*\}|[0-9a-f]{8})$", "", name)
    return name


def _access(outputs: Mapping[str, Any] | None) -> dict[str, str]:
    """From the output for people: ``web, role admin`` by host."""
    value = (outputs or {}).get("addresses", {}).get("value")
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    if not isinstance(parsed, Mapping):
        return {}
    return {str(host): str(said).partition(", ")[2] for host, said in parsed.items()}
