"""Every address leads somewhere: to a service that resolves and listens, or out of the swarm where there is a way."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from layers.settings.host import is_below
from ops.check.address import Address, addresses_of
from ops.check.finding import Finding
from ops.check.listening import own_ports_of, ports_of
from ops.check.platform import Platform
from ops.model.service import Service

_WATCHED = re.compile(r"grep ':(\d+) '")
"""A health check that looks for an established connection to a port."""


def addresses_resolve(platform: Platform) -> Iterator[Finding]:
    """The host resolves for whoever names it, and listens on that port."""
    for service in platform.services:
        for address in addresses_of(service):
            yield from _look_at(platform, service, address)
        yield from _watched(platform, service)


def route_ports_are_open(platform: Platform) -> Iterator[Finding]:
    """Traefik sends requests to a port that the service listens on."""
    for service in platform.services:
        for name, value in service.labels.items():
            if name.endswith(".loadbalancer.server.port") and int(value) not in ports_of(service):
                yield Finding(
                    path=f"{service.path}: label {name}",
                    what=f"makes Traefik forward to port {value}",
                    cause=f"{service.name} listens on {_ports(service)} only, so every request would be a 502",
                    fix="give expose_via(port=...) the name of a port in listens={...}",
                )


def _look_at(platform: Platform, service: Service, address: Address) -> Iterator[Finding]:
    visible = platform.visible_to(service)
    if address.is_own or address.host == service.name:
        yield from _own(service, address)
    elif address.host in visible:
        yield from _port_of(service, visible[address.host], address)
    elif address.host in platform.names:
        yield _unconnected(service, platform.names[address.host], address)
    elif address.host in platform.route_hosts or not address.certain:
        return
    elif address.is_ip or "." in address.host:
        yield from _outside(platform, service, address)
    else:
        yield _unknown(platform, service, address)


def _own(service: Service, address: Address) -> Iterator[Finding]:
    if address.port is None or address.port in own_ports_of(service):
        return
    yield Finding(
        path=f"{service.path}: {address.place}",
        what=f"names its own port {address.port}",
        cause=f"{service.name} is declared to listen on {_ports(service)} only, so nothing answers there, or the port is not declared",
        fix="use one of those, or add the port to listens={...}",
    )


def _port_of(service: Service, server: Service, address: Address) -> Iterator[Finding]:
    path = f"{service.path}: {address.place}"
    labels = {label for label, port in server.listens.items() if port == address.port}
    if address.port is not None and address.port not in ports_of(server):
        yield Finding(
            path=path,
            what=f"connects to {address}",
            cause=f"{server.name} listens on {_ports(server)} only",
            fix=f"use one of these ports: pass on what connect_to({server.name}) returns, or its port=... by name",
        )
    elif labels and address.speaks not in ("", *labels):
        yield Finding(
            path=path,
            what=f"connects to {address}",
            cause=f"that is its port for {', '.join(sorted(labels))}, not for {address.speaks}",
            fix=f"connect_to({server.name}, port={address.speaks!r})",
        )


def _unconnected(service: Service, server: Service, address: Address) -> Finding:
    return Finding(
        path=f"{service.path}: {address.place}",
        what=f"connects to {address}",
        cause=f"it shares no network with {server.name}, so the name does not resolve",
        fix=f"declare the connection: {service.short_name}.connect_to({server.short_name}), and use the endpoint it returns",
    )


def _outside(platform: Platform, service: Service, address: Address) -> Iterator[Finding]:
    domain = platform.settings.domain
    ours = is_below(address.host, domain)
    # The managed database has a name of ours too, which leads out of the swarm.
    if ours and address.host != platform.settings.data.postgres.host:
        yield Finding(
            path=f"{service.path}: {address.place}",
            what=f"names the page {address.host}",
            cause=f"no route leads there; routed hosts are {', '.join(sorted(platform.route_hosts))}",
            fix="use one of these hosts, or expose a service there",
        )
    elif not platform.reaches_internet(service):
        yield Finding(
            path=f"{service.path}: {address.place}",
            what=f"connects to {address}, outside the swarm",
            cause="all its networks are internal, so it cannot reach the internet",
            fix=f"call {service.short_name}.reaches_internet(because=...)",
        )


def _unknown(platform: Platform, service: Service, address: Address) -> Finding:
    close = difflib.get_close_matches(address.host, sorted(platform.names), n=1)
    reachable = ", ".join(
        sorted({other.name for other in platform.visible_to(service).values()} - {service.name})
    )
    return Finding(
        path=f"{service.path}: {address.place}",
        what=f"connects to {address}",
        cause=f"no service is called {address.host}",
        fix=f"did you mean {close[0]}?"
        if close
        else f"use a service that it is connected to: {reachable}"
        if reachable
        else "connect it to a service: connect_to(...)",
    )


def _watched(platform: Platform, service: Service) -> Iterator[Finding]:
    ports = {int(port) for word in service.health_check.test for port in _WATCHED.findall(word)}
    known = {port for other in platform.visible_to(service).values() for port in ports_of(other)}
    for port in sorted(ports - known):
        yield Finding(
            path=f"{service.path}: health check",
            what=f"looks for a connection to port {port}",
            cause="none of the services it is connected to listens there, so it would never be healthy",
            fix="take the port from the endpoint that connect_to() returns",
        )


def _ports(service: Service) -> str:
    return ", ".join(str(port) for port in sorted(ports_of(service))) or "no port"
