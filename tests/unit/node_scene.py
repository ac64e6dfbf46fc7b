"""A node's folder and the programs that its scripts call, as fakes that write down what they were asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from layers.node.user_data import Cluster, Node, NodeKey

SCRIPTS = Path(__file__).parents[2] / "layers" / "node" / "scripts"
DOMAIN = "sprocket.example.test"
MANAGERS = tuple(f"app-{n}.nodes.{DOMAIN}" for n in (1, 2, 3))
FACTS = {
    "NODE": "test-app-1",
    "ENVIRONMENT": "test",
    "ROLE": "manager",
    "FIRST": "yes",
    "PEERS": " ".join(MANAGERS[1:]),
    "MANAGERS": f"managers.nodes.{DOMAIN}",
    "VPC": "10.124.0.0/20",
    "ADDRESS_POOL": "10.200.0.0/16",
    "LABELS": "storage=main",
    "VOLUMES": "",
    "PACKAGES": "docker.io one|two",
    "ENGINE_PACKAGE": "docker.io",
    "ENGINE_VERSION": "20.10.*",
    "HELD": "docker.io",
    "UNITS": "a.service b.timer",
    "MESH": "no",
    "ROUTES": "",
}


def key(name: str) -> NodeKey:
    return NodeKey(
        private=f"${{tls_private_key.{name}.private_key_openssh}}",
        public=f"${{tls_private_key.{name}.public_key_openssh}}",
    )


def cluster(**changes: object) -> Cluster:
    given: dict[str, object] = {
        "domain": DOMAIN,
        "managers": MANAGERS,
        "vpc_range": "10.124.0.0/20",
        "operators": {"ann": "ssh-ed25519 AAAAann ann"},
        "host_key": key("host"),
        "worker_host_key": key("host_of_workers"),
        "join_manager": key("join_manager"),
        "join_worker": key("join_worker"),
    }
    return Cluster(**(given | changes))  # type: ignore[arg-type]


def node(**changes: object) -> Node:
    given: dict[str, object] = {
        "name": "test-app-1",
        "pool": "app",
        "role": "manager",
        "is_first": True,
        "labels": {"storage": "main"},
    }
    return Node(**(given | changes))  # type: ignore[arg-type]


class Scene:
    """A root folder, and a folder of fakes first on PATH. A fake is a shell script; each call is a line in `calls`."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.bin = folder / "bin"
        self.state = folder / "state"
        for path in (self.root / "etc/sprocket/ssh", self.root / "run", self.bin, self.state):
            path.mkdir(parents=True)
        self.log = folder / "calls"
        self.log.touch()
        self.extra: dict[str, str] = {}
        self.facts()

    def facts(self, **changes: str) -> None:
        text = "".join(f"{name}='{value}'\n" for name, value in (FACTS | changes).items())
        (self.root / "etc/sprocket/node.conf").write_text(text)

    def fake(self, program: str, body: str = "") -> None:
        """`$state` is a folder for what the fake remembers."""
        path = self.bin / program
        path.write_text(f'#!/bin/sh\nstate={self.state}\necho "{program} $*" >>{self.log}\n{body}\n')
        path.chmod(0o755)

    def run(self, script: str, *arguments: str, shell: str = "sh") -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "SPROCKET_ROOT": str(self.root),
            "SPROCKET_JITTER": "0",
            **self.extra,
        }
        first = "python3" if (SCRIPTS / script).read_text().startswith("#!/usr/bin/python3") else shell
        return subprocess.run(
            [first, str(SCRIPTS / script), *arguments],
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    @property
    def calls(self) -> list[str]:
        return self.log.read_text().splitlines()

    def called(self, program: str) -> list[str]:
        return [line for line in self.calls if line.split()[0] == program]
