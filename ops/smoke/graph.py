"""Who is connected to whom, read from the networks of a synthesized stack."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ops.model.inventory import Inventory, Resource
from ops.smoke.route import health_check_of

_HEALTHZ = re.compile(r"http://127\.0\.0\.1:(\d+)/healthz")


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A service as the stack wants it.

    Args:
        names: under which its clients know it: its own and its aliases.
        servers: services that it declared a connection to, by joining their own networks.
        networks: all that it is on.
        published: ports on the node.
        healthz: port on which its health check asks ``/healthz``.
    """

    name: str
    names: tuple[str, ...]
    replicas: int
    layer: str
    servers: tuple[str, ...]
    networks: tuple[str, ...]
    published: tuple[int, ...] = ()
    healthz: int | None = None


def services_of(inventory: Inventory) -> dict[str, Declared]:
    """All services of a stack by name."""
    services = inventory.of_type("docker_service")
    by_construct = {service.owner: service.name for service in services}
    found = {}
    for service in services:
        networks = {network.name: network for network in _networks(service, inventory)}
        owners = {by_construct.get(network.owner.rpartition("/")[0]) for network in networks.values()}
        found[service.name] = Declared(
            name=service.name,
            names=_names(service),
            replicas=int(service.values["mode"]["replicated"]["replicas"]),
            layer=service.layer,
            # The network of the gateway hangs on no service; one for the way out has no other member.
            servers=tuple(sorted(name for name in owners if name and name != service.name)),
            networks=tuple(sorted(networks)),
            published=tuple(sorted(port["published_port"] for port in _published(service))),
            healthz=_healthz(service),
        )
    return found


def clients_of(services: Mapping[str, Declared], server: str) -> list[str]:
    """Who declared a connection to a service."""
    return sorted(service.name for service in services.values() if server in service.servers)


def sharing(services: Mapping[str, Declared]) -> dict[str, list[str]]:
    """The services on each network: the whole truth about who can reach whom."""
    found: dict[str, list[str]] = {}
    for service in services.values():
        for network in service.networks:
            found.setdefault(network, []).append(service.name)
    return {network: sorted(names) for network, names in sorted(found.items())}


def _networks(service: Resource, inventory: Inventory) -> list[Resource]:
    joined = [
        inventory.referred(str(each["name"]), "docker_network")
        for each in service.values["task_spec"].get("networks_advanced") or []
    ]
    return [network for network in joined if network is not None]


def _names(service: Resource) -> tuple[str, ...]:
    aliases = [
        str(alias)
        for each in service.values["task_spec"].get("networks_advanced") or []
        for alias in each.get("aliases") or []
    ]
    return tuple(dict.fromkeys((service.name, *aliases)))


def _published(service: Resource) -> list[Mapping[str, Any]]:
    return list((service.values.get("endpoint_spec") or {}).get("ports") or [])


def _healthz(service: Resource) -> int | None:
    match = _HEALTHZ.search(" ".join(health_check_of(service)))
    return int(match[1]) if match else None
