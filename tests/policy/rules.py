"""What the policy tests read from the synthesized JSON of an environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.stacks.synthesis import Synthesized, synthesized

_REFERENCE = re.compile(r"^\$\{docker_network\.([^.]+)\.id\}$")


@dataclass(frozen=True, kw_only=True)
class DeployedService:
    """One ``docker_service`` as Terraform gets it."""

    address: str
    json: dict[str, Any]
    networks: frozenset[str]

    @property
    def name(self) -> str:
        name: str = self.json["name"]
        return name

    @property
    def task(self) -> dict[str, Any]:
        task: dict[str, Any] = self.json["task_spec"]
        return task

    @property
    def container(self) -> dict[str, Any]:
        container: dict[str, Any] = self.task["container_spec"]
        return container

    @property
    def replicas(self) -> int:
        count: int = self.json["mode"]["replicated"]["replicas"]
        return count

    @property
    def labels(self) -> dict[str, str]:
        return {each["label"]: each["value"] for each in self.json.get("labels", [])}

    @property
    def mounts(self) -> list[dict[str, Any]]:
        mounts: list[dict[str, Any]] = self.container.get("mounts", [])
        return mounts


def services(environment: str) -> list[DeployedService]:
    """All services of an environment."""
    found = synthesized(environment)
    names = {key: value["name"] for key, value in found.resources("docker_network").items()}
    return [
        DeployedService(address=key, json=value, networks=frozenset(_networks(value, names)))
        for key, value in found.resources("docker_service").items()
    ]


def _networks(service: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    for joined in service["task_spec"].get("networks_advanced", []):
        match = _REFERENCE.match(joined["name"])
        assert match, f"{service['name']}: network {joined['name']} is no reference to one of this stack"
        yield names[match[1]]


def short_name(name: str, found: Synthesized) -> str:
    """A service's name without its instance."""
    for instance in found.stack.platform.instances.values():
        prefix = instance.identity.service_prefix
        if prefix and name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def texts(value: Any) -> Iterator[str]:
    """All texts inside of JSON."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value
