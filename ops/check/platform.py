"""The synthesized platform: what rules look at."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from layers.services import ServicesStack
from layers.settings.environment import Environment
from ops.check.declared import Declared, declared_by
from ops.check.file import MountedFile
from ops.check.service import DeployedService
from ops.check.template import marked

_REFERENCE = re.compile(r"^\$\{(docker_[a-z]+)\.([^.]+)\.(?:id|name)\}$")
_LOCAL = re.compile(r"^\$\{base64encode\(local\.([^)]+)\)\}$")


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One environment's stack of services.

    Args:
        settings: the environment's file.
        document: Terraform's JSON.
        declared: what the constructs know beyond it.
        variables: of this process; supplied secrets are among them.
    """

    settings: Environment
    document: Mapping[str, Any]
    declared: Declared
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @classmethod
    def of(cls, stack: ServicesStack, document: Mapping[str, Any]) -> Platform:
        """From a synthesized stack and what was written for it."""
        return cls(settings=stack.site.settings, document=document, declared=declared_by(stack))

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """All resources of a kind by their Terraform name."""
        found: dict[str, dict[str, Any]] = self.document.get("resource", {}).get(kind, {})
        return found

    @property
    def file_name(self) -> str:
        """The environment's file, as errors name it."""
        return f"{self.settings.name}.yaml"

    @cached_property
    def services(self) -> list[DeployedService]:
        """All services."""
        return [self._service(key, value) for key, value in sorted(self.resources("docker_service").items())]

    @cached_property
    def open_networks(self) -> set[str]:
        """Networks with a way out of the swarm."""
        return {n["name"] for n in self.resources("docker_network").values() if not n.get("internal")}

    @cached_property
    def members(self) -> dict[str, list[DeployedService]]:
        """The services on each network."""
        found: dict[str, list[DeployedService]] = {}
        for service in self.services:
            for network in service.networks:
                found.setdefault(network, []).append(service)
        return found

    @cached_property
    def route_hosts(self) -> dict[str, DeployedService]:
        """The service behind each public host, from Traefik's labels; the first one where paths differ."""
        found: dict[str, DeployedService] = {}
        for service in self.services:
            for router in service.routers.values():
                for host in re.findall(r"Host\(`([^`]+)`\)", router.get("rule", "")):
                    found.setdefault(host, service)
        return found

    def service(self, short_name: str, instance: str = "") -> DeployedService | None:
        """The service of that short name in an instance, or outside of all."""
        return next((s for s in self.services if (s.short_name, s.instance) == (short_name, instance)), None)

    def visible_to(self, client: DeployedService) -> dict[str, DeployedService]:
        """Every name that resolves for a service, and whose it is."""
        return {
            name: other
            for network in client.networks
            for other in self.members[network]
            for name in (other.name, *other.networks[network])
        }

    @cached_property
    def names(self) -> dict[str, DeployedService]:
        """Every name that any service has on any network."""
        return {
            name: service
            for service in self.services
            for aliases in ((service.name,), *service.networks.values())
            for name in aliases
        }

    def reaches_internet(self, service: DeployedService) -> bool:
        """Whether one of its networks has a way out."""
        return bool(self.open_networks & set(service.networks))

    # -- reading -------------------------------------------------------------------------------------------

    def _service(self, key: str, value: Mapping[str, Any]) -> DeployedService:
        path = value.get("//", {}).get("metadata", {}).get("path", key).removesuffix("/Resource")
        return DeployedService(
            address=key,
            path=path,
            json=value,
            networks=dict(self._networks(value)),
            files=tuple(self._files(value)),
            listens=self.declared.listens.get(value["name"], {}),
        )

    def _networks(self, service: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
        for joined in service["task_spec"].get("networks_advanced") or []:
            match = _REFERENCE.match(joined["name"])
            network = self.resources("docker_network").get(match[2]) if match else None
            yield network["name"] if network else joined["name"], tuple(joined.get("aliases") or ())

    def _files(self, service: Mapping[str, Any]) -> Iterator[MountedFile]:
        container = service["task_spec"]["container_spec"]
        for kind in ("config", "secret"):
            for mount in container.get(f"{kind}s") or []:
                match = _REFERENCE.match(mount[f"{kind}_id"])
                key = match[2] if match else mount[f"{kind}_id"]
                text = self.text_of(self.resources(f"docker_{kind}").get(key, {}))
                yield MountedFile(at=mount["file_name"], kind=kind, address=f"docker_{kind}.{key}", text=text)

    def text_of(self, resource: Mapping[str, Any]) -> str:
        """What a config or secret will hold."""
        data = str(resource.get("data", ""))
        if _LOCAL.match(data):
            return marked(self.template_of(resource), self._names_of_values)
        try:
            return base64.b64decode(data, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""

    def template_of(self, resource: Mapping[str, Any]) -> str:
        """The Terraform template of a secret."""
        local = _LOCAL.match(str(resource.get("data", "")))
        return str(self.document.get("locals", {}).get(local[1], "")) if local else ""

    @cached_property
    def _names_of_values(self) -> dict[str, str]:
        return {secret.reference: secret.name for secret in self.declared.secrets}
