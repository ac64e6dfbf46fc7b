"""The networks: the public one and one per VPC range. Neither has a route out of this machine."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Network

from rehearsal.emulator import MachineError

from .addresses import PUBLIC
from .command import run
from .engine import LABEL, PREFIX, docker

PUBLIC_NAME = f"{PREFIX}-public"
BRIDGE = "sprocket-public"  # a network interface's name has 15 characters at most
RULE = ("iif", BRIDGE, "unreachable", "pref", "100")


def make_public() -> None:
    """Creates the public network.

    Not `--internal`: where bridged frames pass the machine's own filter, that would drop the metadata service's
    address. A routing rule keeps droplets in instead, and answers at once that there is no way.
    """
    docker(
        "network", "create", "--label", LABEL, "--subnet", str(PUBLIC), "--gateway", str(next(PUBLIC.hosts())),
        "--opt", f"com.docker.network.bridge.name={BRIDGE}",
        "--opt", "com.docker.network.bridge.enable_ip_masquerade=false", PUBLIC_NAME,
    )  # fmt: skip
    run("ip", "rule", "add", *RULE)


def remove_public() -> None:
    """Removes the network and its routing rule; both may be gone already."""
    with suppress(MachineError):
        while True:
            run("ip", "rule", "del", *RULE)


def private_name(vpc_range: str) -> str:
    """The network of a VPC, by its range: a VPC that is made again with that range gets the same one."""
    return f"{PREFIX}-vpc-{vpc_range.replace('/', '-')}"


def have_private(vpc_range: str) -> str:
    """The network of a VPC, made at its first droplet. The first address is this machine's."""
    name = private_name(vpc_range)
    gateway = str(next(IPv4Network(vpc_range).hosts()))
    found = docker("network", "ls", "--quiet", "--filter", f"name=^{name}$")
    if not found.strip():
        docker(
            "network", "create", "--internal", "--label", LABEL, "--subnet", vpc_range,
            "--gateway", gateway, name,
        )  # fmt: skip
    return name
