"""What a droplet finds at power-on, and what the metadata service says about it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal.droplets import hardware
from rehearsal.droplets.hardware import Hardware, metadata, power_on, seed_files
from rehearsal.droplets.inside.metadata import answer
from rehearsal.droplets.memory import has_room
from rehearsal.emulator import Machine, Volume

USER_DATA = "#cloud-config\nwrite_files: [{path: /a, content: 'it''s $HOME'}]\n"
MACHINE = Machine(
    id=450000001, name="prod-app-1", region="nyc3", size="s-1vcpu-1gb", vcpus=1, memory=1024, disk=25,
    image="debian-12-x64", user_data=USER_DATA, ssh_keys=("ssh-ed25519 AAAA a", "ssh-ed25519 BBBB b"),
    public_ipv4="198.51.100.10", private_ipv4="10.124.0.2", public_ipv6="", vpc_id="v", vpc_range="10.124.0.0/20",
    volumes=(Volume("id", "prod-redis", 1, "", ""),), tags=("prod", "prod-manager"),
)  # fmt: skip
HARDWARE = Hardware(MACHINE, 5000, {"prod-redis": 9}, reserved_ip="198.51.100.130")
V1 = "/metadata/v1"


def test_the_power_on_script_is_a_shell_script_with_all_of_the_hardware(tmp_path: Path) -> None:
    HARDWARE.write(tmp_path)
    checked = subprocess.run(
        ["sh", "-n", str(tmp_path / "power-on.sh")], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    text = power_on(HARDWARE)
    assert "mknod -m 660 /dev/sdj b 7 9" in text
    assert "ln -sfn ../../sdj /dev/disk/by-id/scsi-0DO_Volume_prod-redis" in text
    assert "ip address replace 198.51.100.130/32 dev eth0" in text
    assert "ip route replace 169.254.169.254/32 dev eth0 src 198.51.100.10" in text
    assert "systemd-socket-proxyd 169.254.169.250:5000" in text
    assert "arping" not in power_on(replace(HARDWARE, reserved_ip=""))


def test_the_firewall_is_in_force_before_the_system_starts() -> None:
    assert "nft -f /var/lib/hardware/firewall.nft" in power_on(HARDWARE)


def test_user_data_reaches_cloud_init_unchanged_and_keys_by_metadata() -> None:
    files = seed_files(MACHINE)
    assert files["user-data"] == USER_DATA
    assert json.loads(files["meta-data"]) == {
        "instance-id": "450000001",
        "local-hostname": "prod-app-1",
        "public-keys": list(MACHINE.ssh_keys),
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (f"{V1}/id", "450000001"),
        (f"{V1}/hostname", "prod-app-1"),
        (f"{V1}/region", "nyc3"),
        (f"{V1}/user-data", USER_DATA),
        (f"{V1}/vendor-data", ""),
        (f"{V1}/public-keys", "ssh-ed25519 AAAA a\nssh-ed25519 BBBB b"),
        (f"{V1}/tags", "prod\nprod-manager"),
        (f"{V1}/interfaces", "public/\nprivate/"),
        (f"{V1}/interfaces/public", "0/"),
        (f"{V1}/interfaces/public/0/ipv4/address", "198.51.100.10"),
        (f"{V1}/interfaces/public/0/ipv4/netmask", "255.255.255.0"),
        (f"{V1}/interfaces/private/0/ipv4/address", "10.124.0.2"),
        (f"{V1}/interfaces/private/0/ipv4/netmask", "255.255.240.0"),
        (f"{V1}/interfaces/private/0/ipv4/gateway", "10.124.0.1"),
        (f"{V1}/reserved_ip/ipv4/active", "true"),
        (f"{V1}/reserved_ip/ipv4/ip_address", "198.51.100.130"),
        (f"{V1}/dns/nameservers", "198.51.100.2"),
    ],
)
def test_metadata(path: str, text: str) -> None:
    assert answer(path, metadata(HARDWARE)) == (200, "text/plain", text)


def test_the_index_and_the_whole_document() -> None:
    status, _, index = answer(V1, metadata(HARDWARE))
    assert status == 200
    assert {"id", "hostname", "user-data", "public-keys", "interfaces/", "tags"} <= set(index.split("\n"))
    status, kind, text = answer(f"{V1}.json", metadata(HARDWARE))
    assert (status, kind) == (200, "application/json") and json.loads(text)["droplet_id"] == MACHINE.id


@pytest.mark.parametrize(
    "path",
    ["/", "/latest", f"{V1}/nothing", f"{V1}/interfaces/public/7", f"{V1}/id/more", f"{V1}/tags/0", f"{V1}x"],
)
def test_what_there_is_not(path: str) -> None:
    assert answer(path, metadata(HARDWARE))[0] == 404


def test_a_stranger_learns_nothing() -> None:
    assert answer(f"{V1}/id", None) == (404, "text/plain", "not found\n")


def test_without_a_reserved_ip_there_is_no_address() -> None:
    known = metadata(replace(HARDWARE, reserved_ip=""))
    assert answer(f"{V1}/reserved_ip/ipv4/active", known)[2] == "false"
    assert answer(f"{V1}/reserved_ip/ipv4/ip_address", known)[0] == 404


def test_disks_are_lettered_as_the_kernel_letters_them() -> None:
    assert [hardware.disk(number) for number in (0, 25, 26, 51, 52)] == ["sda", "sdz", "sdaa", "sdaz", "sdba"]


@pytest.mark.parametrize(("available", "room"), [("5242880", True), ("5242879", False)])
def test_an_engine_lives_in_memory_only_where_there_is_room(available: str, room: bool) -> None:
    assert has_room(f"MemTotal: 99999999 kB\nMemAvailable: {available} kB\n") is room
    assert has_room("") is False
