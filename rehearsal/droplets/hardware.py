"""What a droplet finds at power-on: the script that runs before its system, and the seed for cloud-init."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from pathlib import Path

from rehearsal.emulator import FirewallRule, Machine

from .addresses import BACKPLANE, HOST, INTERNET, METADATA, PUBLIC
from .disks import LOOP_MAJOR
from .rules import ruleset

BY_ID = "/dev/disk/by-id"
INSIDE = "/var/lib/hardware"  # where the folder is mounted in the droplet
SEED_INSIDE = "/var/lib/cloud/seed/nocloud"


@dataclass(frozen=True)
class Hardware:
    """A droplet's settings from outside. `disks` maps a volume's name to the minor number of its loop device."""

    machine: Machine
    registry_port: int
    disks: Mapping[str, int] = field(default_factory=dict)
    reserved_ip: str = ""
    rules: tuple[FirewallRule, ...] | None = None

    def but(self, **changes: object) -> Hardware:
        return replace(self, **changes)  # type: ignore[arg-type]

    def write(self, folder: Path) -> None:
        """The folder that is mounted in the droplet, and the seed in it."""
        seed = folder / "seed"
        seed.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "power-on.sh").write_text(power_on(self))
        (folder / "firewall.nft").write_text(ruleset(self.rules))
        for name, text in seed_files(self.machine).items():
            (seed / name).write_text(text)


def seed_files(machine: Machine) -> dict[str, str]:
    """The data source NoCloud; `user-data` is the droplet's own, not touched."""
    about = {
        "instance-id": str(machine.id),
        "local-hostname": machine.name,
        "public-keys": list(machine.ssh_keys),
    }
    return {
        "meta-data": json.dumps(about) + "\n",
        "user-data": machine.user_data,
        "network-config": "network: {config: disabled}\n",
    }


def power_on(hardware: Hardware) -> str:
    machine = hardware.machine
    lines = [
        _FILES.format(name=machine.name, resolver=INTERNET),
        _INTERFACES.format(public=machine.public_ipv4, private=machine.private_ipv4),
        f"ip route replace default via {HOST} dev eth0",
        *(f"ip route replace {one}/32 dev eth0 src {machine.public_ipv4}" for one in (METADATA, BACKPLANE)),
        f"nft -f {INSIDE}/firewall.nft",
        *([assign(hardware.reserved_ip)] if hardware.reserved_ip else []),
        f"mkdir -p {BY_ID}",
        *(connect(volume, minor) for volume, minor in hardware.disks.items()),
        _REGISTRY.format(port=hardware.registry_port, backplane=BACKPLANE),
        # Its containers' control groups in a place of their own, to be removed with the droplet.
        f"echo 'DOCKER_OPTS=\"--cgroup-parent={cgroup(machine.id)}\"' >/etc/default/docker",
    ]
    return "\n".join(lines) + "\n"


def cgroup(droplet: int) -> str:
    return f"/sprocket-rehearsal/{droplet}"


def connect(volume: str, minor: int) -> str:
    """Commands that make a volume appear, under a disk's name and DigitalOcean's."""
    device, link = f"/dev/{disk(minor)}", f"{BY_ID}/scsi-0DO_Volume_{volume}"
    return (
        f"[ -b {device} ] || mknod -m 660 {device} b {LOOP_MAJOR} {minor}; ln -sfn ../../{device[5:]} {link}"
    )


def disconnect(volume: str) -> str:
    """Commands that unmount a volume wherever it is mounted, and make it disappear."""
    link = f"{BY_ID}/scsi-0DO_Volume_{volume}"
    return (
        f"[ -e {link} ] || exit 0; device=$(readlink -f {link})\n"
        'sync; while findmnt -rno TARGET -S "$device" >/dev/null; do '
        'umount "$(findmnt -rno TARGET -S "$device" | tail -n 1)"; done\n'
        f'rm -f {link} "$device"'
    )


def assign(address: str) -> str:
    """Commands that give the public interface one more address, and tell the neighbours."""
    return f"ip address replace {address}/32 dev eth0; arping -q -c 2 -w 2 -A -I eth0 {address} & true"


def unassign(address: str) -> str:
    return f"ip address del {address}/32 dev eth0 2>/dev/null || true"


def metadata(hardware: Hardware) -> dict[str, object]:
    """What the metadata service says, in the form of /metadata/v1.json."""
    machine, reserved = hardware.machine, hardware.reserved_ip
    address = {"ipv4": {"active": bool(reserved), **({"ip_address": reserved} if reserved else {})}}
    return {
        "droplet_id": machine.id,
        "hostname": machine.name,
        "user_data": machine.user_data,
        "vendor_data": "",
        "public_keys": list(machine.ssh_keys),
        "region": machine.region,
        "interfaces": {
            "public": [{"ipv4": _ipv4(machine.public_ipv4, str(PUBLIC)), "type": "public"}],
            "private": [{"ipv4": _ipv4(machine.private_ipv4, machine.vpc_range), "type": "private"}],
        },
        "floating_ip": address,
        "reserved_ip": address,
        "dns": {"nameservers": [INTERNET]},
        "tags": list(machine.tags),
        "features": {"dhcp_enabled": False},
    }


def _ipv4(address: str, network: str) -> dict[str, str]:
    known = IPv4Network(network)
    return {"ip_address": address, "netmask": str(known.netmask), "gateway": str(next(known.hosts()))}


def disk(number: int) -> str:
    """sda to sdz, then sdaa, sdab: how the kernel counts disks."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return f"sd{letters}"


# Docker mounts its own versions of these files; a droplet's are plain ones that its system may rewrite.
_FILES = """\
for file in /etc/resolv.conf /etc/hosts /etc/hostname; do umount $file 2>/dev/null || true; done
echo 'nameserver {resolver}' >/etc/resolv.conf
echo {name} >/etc/hostname
[ -s /etc/hosts ] || printf '127.0.0.1 localhost\\n127.0.1.1 {name}\\n' >/etc/hosts"""

# Docker connects networks in any order; a droplet's public interface is the first. Its DNS rules go too.
_INTERFACES = """\
nft flush ruleset
name_of() {{ ip -o -4 address show to "$1" | (read -r _ name _; echo "$name"); }}
if [ "$(name_of {public})" != eth0 ]; then
    ip link set eth0 down; ip link set eth1 down
    ip link set eth0 name swap; ip link set eth1 name eth0; ip link set swap name eth1
    ip link set eth0 up; ip link set eth1 up
fi
[ "$(name_of {public})" = eth0 ] && [ "$(name_of {private})" = eth1 ]"""

# The platform's images are named 127.0.0.1:<port>/...: that port leads to the machine's registry.
_REGISTRY = """\
units=/run/systemd/system; mkdir -p $units/sockets.target.wants
printf '[Socket]\\nListenStream=127.0.0.1:{port}\\n' >$units/registry.socket
printf '[Service]\\nExecStart=/lib/systemd/systemd-socket-proxyd {backplane}:{port}\\n' >$units/registry.service
ln -sfn ../registry.socket $units/sockets.target.wants/registry.socket"""
