"""Addresses for droplets and reserved IPs: the lowest free one of a range; the first host is the gateway."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ..errors import Unprocessable
from ..store import Document
from ..world import World

# The documentation prefix (RFC 3849): an address that is never anyone's.
PUBLIC_V6 = "2001:db8:0:1"


def lowest_free(network: IPv4Network, taken: set[str]) -> str:
    hosts = network.hosts()
    next(hosts)  # the gateway
    for host in hosts:
        if str(host) not in taken:
            return str(host)
    raise Unprocessable(f"no address is left in {network}")


def private(world: World, vpc: Document) -> str:
    """In a VPC, for a droplet or a database."""
    holders = [*world.store.all("droplet"), *world.store.all("database")]
    taken = {str(one["_private_ip"]) for one in holders if one["_vpc"] == vpc["id"]}
    return lowest_free(IPv4Network(vpc["ip_range"]), taken)


def public(world: World) -> str:
    taken = {str(one["_ip"]) for one in world.store.all("droplet")}
    return lowest_free(world.settings.public_range, taken | world.machines.occupied)


def reserved(world: World) -> str:
    return lowest_free(world.settings.reserved_range, {one["ip"] for one in world.store.all("reserved_ip")})


def v6(ip: str, number: int) -> str:
    """A public IPv6 address, as unlike another droplet's as its public IPv4 address is."""
    return f"{PUBLIC_V6}::{int(IPv4Address(ip)) & 0xFFFF:x}:{number & 0xFFFF:x}"


def view_networks(world: World, droplet: Document) -> dict[str, Any]:
    """As `networks` of a droplet; it is there from the start, empty of nothing."""
    vpc = world.store.get("vpc", droplet["_vpc"])
    networks = [("public", droplet["_ip"], world.settings.public_range)]
    if vpc:
        networks.append(("private", droplet["_private_ip"], IPv4Network(vpc["ip_range"])))
    v4 = [
        {"ip_address": ip, "netmask": str(net.netmask), "gateway": str(next(net.hosts())), "type": type}
        for type, ip, net in networks
    ]
    v6: list[dict[str, Any]] = []
    if droplet["_ipv6"]:
        v6 = [{"ip_address": droplet["_ipv6"], "netmask": 64, "gateway": f"{PUBLIC_V6}::1", "type": "public"}]
    return {"v4": v4, "v6": v6}
