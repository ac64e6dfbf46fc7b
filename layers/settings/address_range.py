"""Ranges of addresses: who may reach a node, and the private network."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import AfterValidator

from ..errors import SettingsError
from .form import shown

TAKEN_RANGES = {
    "10.200.0.0/16": "the swarm's overlay networks",
    "172.17.0.0/16": "the engine's default bridge",
    "172.18.0.0/16": "the engine's docker_gwbridge",
    "10.244.0.0/16": "DigitalOcean itself",
    "10.245.0.0/16": "DigitalOcean itself",
    "10.246.0.0/24": "DigitalOcean itself",
    "10.229.0.0/16": "DigitalOcean itself",
}
"""Addresses that a private network must leave alone, and whose they are."""

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""RFC 1918, which DigitalOcean's VPCs are made of."""

_SUCH_AS = "use one such as 10.124.0.0/20"


def _parsed(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        try:
            meant = str(ip_network(text.strip(), strict=False))
        except ValueError:
            meant = "the one that your provider gave you"
        cause = str(error) if len(text) < 50 else f"{shown(text)} is no range of addresses"
        raise SettingsError.of(
            cause,
            allowed="write the first address and the length, such as 203.0.113.0/24",
            fix=f"use {meant}",
        ) from None


def check_range(text: str) -> str:
    """A range of addresses itself.

    Raises:
        SettingsError: it is none.
    """
    _parsed(text)
    return text


def check_private_range(text: str) -> str:
    """A range that a VPC may have.

    Raises:
        SettingsError: it is none, or belongs to somebody else.
    """
    network = _parsed(text)
    if (
        not isinstance(network, IPv4Network)
        or not any(network.subnet_of(private) for private in PRIVATE)
        or not 16 <= network.prefixlen <= 28
    ):
        raise SettingsError.of(
            f"{text} is not a private IPv4 network of /16 to /28",
            allowed="it must be inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
            fix=_SUCH_AS,
        )
    for taken, owner in TAKEN_RANGES.items():
        if network.overlaps(IPv4Network(taken)):
            raise SettingsError.of(f"{text} overlaps {taken}, which belongs to {owner}", fix=_SUCH_AS)
    return text


AddressRange = Annotated[str, AfterValidator(check_range)]
PrivateRange = Annotated[str, AfterValidator(check_private_range)]
