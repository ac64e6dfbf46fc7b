"""Who is connected to whom, read from the networks of a synthesized stack."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ops.model.inventory import Inventory
from ops.model.service import Service
from ops.model.services import services_by_network, services_of

_HEALTHZ = re.compile(r"http://127\.0\.0\.1:(\d+)/healthz")


def by_name(inventory: Inventory) -> dict[str, Service]:
    """All services of a stack."""
    return {service.name: service for service in services_of(inventory)}


def clients_of(services: Mapping[str, Service], server: str) -> list[str]:
    """Who declared a connection to a service."""
    return sorted(service.name for service in services.values() if server in service.servers)


def sharing(services: Mapping[str, Service]) -> dict[str, list[str]]:
    """Names of the services on each network: who can reach whom."""
    return {
        network: sorted(each.name for each in joined)
        for network, joined in services_by_network(services.values()).items()
    }


def healthz_port(service: Service) -> int | None:
    """Port on which its health check asks ``/healthz``; none where it asks something else."""
    match = _HEALTHZ.search(" ".join(service.health_check.test))
    return int(match[1]) if match else None
