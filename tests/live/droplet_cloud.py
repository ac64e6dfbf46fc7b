"""Droplets that really boot, and a client of the emulated API in front of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from rehearsal.droplets import Box
from rehearsal.droplets.addresses import HOST
from rehearsal.emulator import Emulator

SECONDS = 90
EVERYWHERE = {"addresses": ["0.0.0.0/0", "::/0"]}
USER_DATA = """#cloud-config
write_files:
- path: /root/written
  content: by user data
- path: /usr/local/bin/mounts
  permissions: "0755"
  content: |
    #!/bin/sh
    set -e
    device=/dev/disk/by-id/scsi-0DO_Volume_data
    [ -e $device ] || exit 0
    blkid $device || mkfs.ext4 -q $device
    mkdir -p /mnt/data
    grep -q /mnt/data /etc/fstab || echo "$device /mnt/data ext4 nofail 0 2" >>/etc/fstab
    mount /mnt/data
    echo once more >>/mnt/data/starts
- path: /etc/systemd/system/web@.service
  content: |
    [Service]
    WorkingDirectory=/etc
    ExecStart=/usr/bin/python3 -m http.server %i
    [Install]
    WantedBy=multi-user.target
runcmd:
- [/usr/local/bin/mounts]
- [systemctl, enable, --now, web@80, web@6379]
"""


@dataclass
class Cloud:
    """A client of the emulated API, and the box behind it."""

    box: Box
    emulator: Emulator
    client: httpx.Client
    key: Path
    ids: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, **body: Any) -> Any:
        answer = self.client.request(method, f"/v2/{path}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def droplet(self, name: str, *volumes: str) -> str:
        """An active droplet with the test's user data; its public address."""
        wanted = {"size": "s-1vcpu-1gb", "image": "debian-12-x64", "region": "fra1", "tags": ["swarm"]}
        made = self.ask(
            "POST", "droplets", name=name, user_data=USER_DATA, volumes=list(volumes),
            vpc_uuid=self.ids["vpc"], ssh_keys=[self.ids["key"]], **wanted,
        )["droplet"]  # fmt: skip
        self.ids[name] = made["id"]
        return str(made["networks"]["v4"][0]["ip_address"])

    def settle(self) -> None:
        """All that was asked for has happened, on the machines too."""
        assert self.emulator.idle(SECONDS)
        problems = [one["problem"] for one in self.emulator.log() if "problem" in one]
        assert problems == [], problems

    def run(self, name: str, script: str, expect: int | None = 0) -> str:
        done = self.box.exec(name, "sh", "-c", script, timeout=SECONDS)
        assert expect is None or done.returncode == expect, done.stdout + done.stderr
        return done.stdout.strip()

    def firewall(self, *open_ports: str) -> dict[str, Any]:
        """ssh from this machine, `open_ports` from everywhere, everything among the droplets; all the way out."""
        among = [
            {"protocol": one, "ports": "all", "sources": {"tags": ["swarm"]}}
            for one in ("tcp", "udp", "icmp")
        ]
        public = [{"protocol": "tcp", "ports": one, "sources": EVERYWHERE} for one in open_ports]
        ssh = {"protocol": "tcp", "ports": "22", "sources": {"addresses": [f"{HOST}/32"]}}
        out = [
            {"protocol": one, "ports": "all", "destinations": EVERYWHERE} for one in ("tcp", "udp", "icmp")
        ]
        return {
            "name": "all",
            "tags": ["swarm"],
            "inbound_rules": [ssh, *public, *among],
            "outbound_rules": out,
        }
