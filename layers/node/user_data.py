"""Cloud-init user data from which a droplet builds itself: nobody logs in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.scalarstring import LiteralScalarString

from ..errors import SettingsError
from ..rendering import render, to_json, to_yaml
from .expressions import Expressions, is_reference
from .node import MANAGERS_KEY, Cluster, Node, NodeKey, NodeVolume, as_facts, managers_name

__all__ = [
    "MAX_USER_DATA",
    "PACKAGES",
    "Cluster",
    "Node",
    "NodeKey",
    "NodeVolume",
    "user_data",
    "without_comments",
]

HERE = Path(__file__).parent

MAX_USER_DATA = 65536
"""Bytes that DigitalOcean takes."""

PACKAGES = (
    "iptables",
    "e2fsprogs",
    "openssh-client",
    "unattended-upgrades",
    "systemd-timesyncd|chrony|ntpsec",
)
"""What a node has besides the engine; of a choice any will do, and the first is installed."""

HELD = ("docker.io", "docker-cli", "docker-ce", "docker-ce-cli", "containerd", "containerd.io", "runc")
"""Packages whose upgrade stops the engine: on hold, and left out of unattended upgrades."""

REBOOTS_APART = 45
"""Minutes between the hours at which two nodes boot for an update: the one is back, and its stores with it, before the other goes."""

OPEN_FILES = 1_048_576
"""Descriptors that a task may open. systemd's own bound for engines is 10^9: Erlang makes a table of that size (1.6 GB), and programs that close
all descriptors before they start another one take hours (docker-library/rabbitmq 545). systemd takes the closest that the machine allows."""


PRIVATE_KEY_BYTES, PUBLIC_KEY_BYTES, TAILSCALE_KEY_BYTES = 420, 90, 128
"""At most: an ed25519 key without a comment has 387 and 81 in OpenSSH's form; of a mesh key's length nothing is promised."""

OPERATOR_KEY_BYTES = 800
"""At most: an RSA key of 4096 bits has 740 with a comment."""

SCRIPTS = (
    "sprocket-setup",
    "sprocket-users",
    "sprocket-packages",
    "sprocket-configure",
    "sprocket-volumes",
    "sprocket-metadata-guard",
    "sprocket-stale-networks",
    "sprocket-join",
    "sprocket-engine",
    "sprocket-ready",
)
UNITS = (
    "sprocket-setup.service",
    "sprocket-volumes.service",
    "sprocket-volumes.path",
    "sprocket-volumes.timer",
    "sprocket-metadata-guard.service",
    "sprocket-metadata-agent.timer",
    "sprocket-join.service",
    "sprocket-join.timer",
    "sprocket-engine.path",
)
UNITS_OF_UNITS = ("sprocket-metadata-agent.service", "sprocket-engine.service")
"""Started by others alone, so never enabled."""

ADMIT = "sprocket-admit"
SSH = "/etc/sprocket/ssh"
HOST_KEY = f"{SSH}/host_ed25519_key"

AGAIN = (
    "test -e /var/lib/sprocket/built || rm -f /var/lib/cloud/instance/sem/config_write_files "
    "/var/lib/cloud/instance/sem/config_runcmd /var/lib/cloud/instance/sem/config_scripts_user"
)
"""Cloud-init marks a module as done before it runs it: without this, a first boot cut off in the middle would never be finished."""


@dataclass(frozen=True)
class File:
    """A file on the node; ``base64`` where the content is a value that has several lines."""

    path: str
    content: str
    mode: str = "0644"
    base64: bool = False

    def entry(self) -> dict[str, Any]:
        """As cloud-init's ``write_files`` takes it."""
        content = LiteralScalarString(self.content) if "\n" in self.content else self.content
        encoding = {"encoding": "b64"} if self.base64 else {}
        return {"path": self.path, "permissions": self.mode, **encoding, "content": content}


def user_data(node: Node, cluster: Cluster) -> str:
    """The cloud-config text of a node, for a Terraform attribute.

    All in it is literal for Terraform but the references to keys, which Terraform fills in. The same node and cluster give
    the same text.

    Raises:
        SettingsError: it would be larger than DigitalOcean takes, or the node and the cluster do not fit.
    """
    if node.role == "manager" and node.address(cluster.domain) not in cluster.managers:
        raise SettingsError.of(
            f"is a manager, and {node.address(cluster.domain)} is not among the managers' names "
            f"({', '.join(cluster.managers)})",
            fix="add it there, or make it a worker",
            setting=f"node {node.name!r}",
        )
    expressions = Expressions()
    text = "#cloud-config\n" + to_yaml(_config(node, list(_files(node, cluster, expressions))), compact=True)
    size = expressions.size(text)
    if size > MAX_USER_DATA:
        raise SettingsError.of(
            f"user data of {size} bytes",
            allowed=f"DigitalOcean takes {MAX_USER_DATA}",
            fix="use fewer operators' keys or labels; the fixed part comes from layers/node",
            setting=f"node {node.name!r}",
        )
    return expressions.fill(text)


def _config(node: Node, files: list[File]) -> dict[str, Any]:
    return {
        "hostname": node.name,
        "preserve_hostname": False,
        "users": ["root"],  # no more: without this key there would be the image's default user, with sudo
        "disable_root": True,
        "ssh_pwauth": False,
        "ssh_genkeytypes": ["ed25519"],
        "package_update": False,
        "package_upgrade": False,
        "bootcmd": [["sh", "-c", AGAIN]],
        "write_files": [file.entry() for file in files],
        "runcmd": [
            ["systemctl", "daemon-reload"],
            ["systemctl", "enable", "sprocket-setup.service"],
            ["systemctl", "start", "--no-block", "sprocket-setup.service"],
        ],
    }


def _files(node: Node, cluster: Cluster, expressions: Expressions) -> Iterator[File]:
    mesh = cluster.tailscale_key is not None
    yield File("/etc/sprocket/node.conf", _facts(node, cluster))
    yield from _ssh(node, cluster, expressions)
    yield from _engine(cluster)
    yield from _system(node)
    scripts = (
        *SCRIPTS,
        *([ADMIT] if node.role == "manager" else []),
        *(["sprocket-tailscale"] if mesh else []),
    )
    for script in scripts:
        yield File(f"/usr/local/sbin/{script}", without_comments(_text("scripts", script)), "0755")
    for unit in (*_units(cluster), *UNITS_OF_UNITS):
        yield File(f"/etc/systemd/system/{unit}", _text("units", unit))
    if cluster.tailscale_key is not None:
        key = expressions.base64(cluster.tailscale_key, size=TAILSCALE_KEY_BYTES)
        yield File("/etc/sprocket/tailscale.key", key, "0600", base64=True)


def _facts(node: Node, cluster: Cluster) -> str:
    """What the scripts know of this node."""
    own, mesh = node.address(cluster.domain), cluster.tailscale_key is not None
    facts = {
        "NODE": node.name,
        "ENVIRONMENT": node.environment,
        "ROLE": node.role,
        "FIRST": "yes" if node.is_first else "no",
        "PEERS": " ".join(name for name in cluster.managers if name != own),
        "MANAGERS": managers_name(cluster.domain),
        "VPC": cluster.vpc_range,
        "ADDRESS_POOL": cluster.address_pool,
        **node.changeable,
        "PACKAGES": " ".join((*cluster.engine_packages, *PACKAGES)),
        "ENGINE_PACKAGE": cluster.engine_packages[0],
        "ENGINE_VERSION": cluster.engine_version,
        "HELD": " ".join(HELD),
        "UNITS": " ".join(_units(cluster)),
        "MESH": "yes" if mesh else "no",
        "ROUTES": cluster.vpc_range if mesh and node.role == "manager" else "",
    }
    return as_facts(facts)


def _ssh(node: Node, cluster: Cluster, expressions: Expressions) -> Iterator[File]:
    """Who may come in, by which key; and the keys that this node shows and uses."""
    manager = node.role == "manager"

    def public(key: NodeKey) -> str:
        return expressions.line(key.public, size=PUBLIC_KEY_BYTES)

    def private(key: NodeKey) -> str:
        return expressions.base64(key.private, size=PRIVATE_KEY_BYTES)

    operators = (
        expressions.line(key, size=OPERATOR_KEY_BYTES) if is_reference(key) else key.strip()
        for _, key in sorted(cluster.operators.items())
    )
    yield File(f"{SSH}/operators", "".join(f"{key}\n" for key in operators))
    known = f"{','.join((MANAGERS_KEY, *cluster.managers))} {public(cluster.host_key)}\n"
    yield File(f"{SSH}/known_hosts", known)
    own = cluster.join_manager if manager else cluster.join_worker
    yield File(f"{SSH}/join_key", private(own), "0600", base64=True)
    shown = cluster.host_key if manager else cluster.worker_host_key
    yield File(HOST_KEY, private(shown), "0600", base64=True)
    if manager:
        admitted = "".join(
            f'restrict,from="{cluster.vpc_range}",command="/usr/local/sbin/{ADMIT} {role}" {public(key)}\n'
            for role, key in (("manager", cluster.join_manager), ("worker", cluster.join_worker))
        )
        yield File(f"{SSH}/admitted", admitted)
    sshd = render(HERE / "files" / "sshd.conf.j2", host_key=HOST_KEY)
    yield File("/etc/ssh/sshd_config.d/00-sprocket.conf", sshd)


def _engine(cluster: Cluster) -> Iterator[File]:
    """No ``live-restore``: a swarm's engine refuses it. No metrics address: the collectors ask the socket. No labels: managers set them."""
    daemon = {
        "log-driver": "local",
        "log-opts": {"max-size": "20m", "max-file": "5"},
        "default-address-pools": [{"base": cluster.engine_pool, "size": 24}],
    }
    yield File("/etc/docker/daemon.json", to_json(daemon))
    preference = render(
        HERE / "files" / "engine-preference.j2",
        packages=cluster.engine_packages,
        version=cluster.engine_version,
    )
    yield File("/etc/apt/preferences.d/sprocket-engine", preference)
    limit = f"LimitNOFILE={OPEN_FILES}\n"
    drop_in = _text("files", "docker-drop-in.conf") + limit
    yield File("/etc/systemd/system/docker.service.d/sprocket.conf", drop_in)
    # What tasks inherit from.
    yield File("/etc/systemd/system/containerd.service.d/sprocket.conf", f"[Service]\n{limit}")
    yield File("/etc/systemd/system/mnt-.mount.d/sprocket.conf", _text("files", "mount-drop-in.conf"))


def _system(node: Node) -> Iterator[File]:
    updates = render(HERE / "files" / "unattended-upgrades.conf.j2", held=HELD, reboot_at=_reboot_at(node))
    yield File("/etc/apt/apt.conf.d/52sprocket-updates", updates)
    yield File("/etc/apt/apt.conf.d/20auto-upgrades", _text("files", "auto-upgrades.conf"))
    yield File("/etc/sysctl.d/60-sprocket.conf", _text("files", "sysctl.conf"))
    yield File("/etc/systemd/journald.conf.d/50-sprocket.conf", _text("files", "journald.conf"))


def _reboot_at(node: Node) -> str:
    """From 1 o'clock UTC on, node after node; after 32 it is the first hour again, for workers only."""
    hour, minute = divmod(60 + node.index * REBOOTS_APART, 60)
    return f"{hour % 24:02}:{minute:02}"


def _units(cluster: Cluster) -> tuple[str, ...]:
    return (*UNITS, "sprocket-tailscale.service") if cluster.tailscale_key is not None else UNITS


def without_comments(script: str) -> str:
    """A script without the lines that are comments only, but for its first. A tenth of all user data was comments of scripts."""
    first, *lines = script.splitlines(keepends=True)
    return "".join((first, *(line for line in lines if not line.lstrip().startswith("#"))))


def _text(folder: str, name: str) -> str:
    return (HERE / folder / name).read_text()
