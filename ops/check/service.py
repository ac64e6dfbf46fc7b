"""A service as Terraform gets it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.check.file import MountedFile

_ROUTER = re.compile(r"traefik\.http\.routers\.([^.]+)\.(.+)")


@dataclass(frozen=True, kw_only=True)
class DeployedService:
    """One ``docker_service`` of the synthesized JSON.

    Args:
        address: its Terraform name.
        path: of its construct.
        networks: names of its networks, each with the further names that it has there.
        listens: its ports by their names.
    """

    address: str
    path: str
    json: Mapping[str, Any]
    networks: Mapping[str, tuple[str, ...]]
    files: tuple[MountedFile, ...]
    listens: Mapping[str, int]

    @property
    def name(self) -> str:
        """Its name on the swarm."""
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
    def max_per_node(self) -> int:
        """0: no bound."""
        return int(self.task.get("placement", {}).get("max_replicas") or 0)

    @property
    def constraints(self) -> list[str]:
        return list(self.task.get("placement", {}).get("constraints") or [])

    @property
    def labels(self) -> dict[str, str]:
        return {each["label"]: each["value"] for each in self.json.get("labels", [])}

    @property
    def routers(self) -> dict[str, dict[str, str]]:
        """Traefik's routers in its labels, by their names."""
        found: dict[str, dict[str, str]] = {}
        for label, value in self.labels.items():
            match = _ROUTER.fullmatch(label)
            if match:
                found.setdefault(match[1], {})[match[2]] = value
        return found

    @property
    def mounts(self) -> list[dict[str, Any]]:
        mounts: list[dict[str, Any]] = self.container.get("mounts", [])
        return mounts

    @property
    def environment(self) -> dict[str, str]:
        return dict(self.container.get("env") or {})

    @property
    def words(self) -> list[str]:
        """Command and arguments."""
        return [*(self.container.get("command") or []), *(self.container.get("args") or [])]

    @property
    def health_check(self) -> list[str]:
        return list(self.container.get("healthcheck", {}).get("test") or [])

    @property
    def published(self) -> list[dict[str, Any]]:
        return list(self.json.get("endpoint_spec", {}).get("ports") or [])

    @property
    def keeps_data(self) -> bool:
        """Whether a volume or a directory on a block volume is its own."""
        return any(m["type"] == "volume" or m["source"].startswith("/mnt/") for m in self.mounts)

    @property
    def instance(self) -> str:
        """The instance of the application that it is part of; empty for ingress and data."""
        parts = self.path.split("/")
        return parts[2] if parts[1:2] == ["platform"] and len(parts) > 3 else ""

    @property
    def short_name(self) -> str:
        """Its name without the instance: the last part of its construct's path."""
        return self.path.rpartition("/")[2]

    def file(self, at: str) -> MountedFile | None:
        """The file at a path."""
        return next((file for file in self.files if file.at == at), None)


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
