"""The synthesized platform: what rules look at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from layers.services import ServicesStack
from layers.settings.environment import Environment
from ops.check.declared import Declared, declared_by
from ops.model.inventory import Inventory, from_synthesis
from ops.model.service import Service
from ops.model.services import services_by_network, services_of


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

    @cached_property
    def inventory(self) -> Inventory:
        """All resources of the stack."""
        return from_synthesis(self.document)

    @property
    def file_name(self) -> str:
        """The environment's file, as errors name it."""
        return f"{self.settings.name}.yaml"

    @cached_property
    def services(self) -> list[Service]:
        """All services, in the order of their layers."""
        secrets = {secret.reference: secret.name for secret in self.declared.secrets}
        found = services_of(self.inventory, listens=self.declared.listens, secrets=secrets)
        return sorted(found, key=lambda service: service.address)

    @cached_property
    def open_networks(self) -> set[str]:
        """Networks with a way out of the swarm."""
        return {n.name for n in self.inventory.of_type("docker_network") if not n.values.get("internal")}

    @cached_property
    def services_by_network(self) -> dict[str, list[Service]]:
        """The services on each network."""
        return services_by_network(self.services)

    @cached_property
    def route_hosts(self) -> dict[str, Service]:
        """The service behind each public host, from Traefik's labels; the first one where paths differ."""
        found: dict[str, Service] = {}
        for service in self.services:
            for router in service.routers:
                for page in router.pages:
                    found.setdefault(page.host, service)
        return found

    def service(self, short_name: str, instance: str = "") -> Service | None:
        """The service of that short name in an instance, or outside of all."""
        return next((s for s in self.services if (s.short_name, s.instance) == (short_name, instance)), None)

    def visible_to(self, client: Service) -> dict[str, Service]:
        """Every name that resolves for a service, and whose it is."""
        return {
            name: other
            for network in client.networks
            for other in self.services_by_network[network]
            for name in (other.name, *other.networks[network])
        }

    @cached_property
    def names(self) -> dict[str, Service]:
        """Every name that any service has on any network."""
        return {
            name: service
            for service in self.services
            for aliases in ((service.name,), *service.networks.values())
            for name in aliases
        }

    def reaches_internet(self, service: Service) -> bool:
        """Whether one of its networks has a way out."""
        return bool(self.open_networks & set(service.networks))
