"""What is known of a node and of the swarm that it belongs to before anything exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Literal

from ..errors import SettingsError
from .expressions import is_reference

_WORD = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LABEL = re.compile(r"[A-Za-z0-9._-]+=[A-Za-z0-9._:/-]+")
_OPERATOR = re.compile(r"(ssh|ecdsa|sk)-[^\s]+ [A-Za-z0-9+/=]+( [^\n]*)?")
_OWNER = re.compile(r"[0-9]+:[0-9]+")

MANAGERS_KEY = "managers"
"""What the managers' host key is known by on nodes: they ask each other by address, too."""

_CLI_APART = re.compile(r"debian-1[3-9]-.*")


def engine_packages(image: str) -> tuple[str, ...]:
    """The packages that an engine consists of in the system of an image, the engine itself first.

    From Debian 13 on the command line is a package apart that is only recommended. Ubuntu has both in one. Of an image of
    one's own (a number) nothing is known: it has to bring the command along where its system has it apart.
    """
    return ("docker.io", "docker-cli") if _CLI_APART.fullmatch(image) else ("docker.io",)


ENGINE_VERSION = "20.10.*"
"""Of the engine's package in Debian 12, the system of new nodes by default."""

ENGINE_POOLS = ("172.20.0.0/14", "192.168.0.0/16", "10.201.0.0/16")
"""Where the engine's bridges may get their addresses: the first that is clear of the VPC and of the overlays."""


def as_facts(facts: Mapping[str, str]) -> str:
    """A file of facts, a line each; shell and Python read it alike."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in facts.items())


def managers_name(domain: str) -> str:
    """The DNS name that has the private addresses of all managers of now."""
    return f"managers.nodes.{domain}"


@dataclass(frozen=True, kw_only=True)
class NodeVolume:
    """A block volume of one store.

    Args:
        store: mounted at ``/mnt/<store>``.
        device_name: the volume's name at DigitalOcean, which is in its device's name.
        owner: ``uid:gid`` of ``/mnt/<store>/data``.
    """

    store: str
    device_name: str
    owner: str

    def __post_init__(self) -> None:
        for what, text, allowed in (
            ("store", self.store, _WORD),
            ("volume", self.device_name, _WORD),
            ("owner", self.owner, _OWNER),
        ):
            if not allowed.fullmatch(text):
                raise SettingsError.of(
                    f"{what} {text!r} is not allowed",
                    fix="names are lower case letters, digits and dashes, an owner is uid:gid in numbers",
                    setting=f"volume of {self.store!r}",
                )


@dataclass(frozen=True, kw_only=True)
class Node:
    """One droplet.

    Args:
        name: the droplet's and the host's, ``<env>-<pool>-<n>``.
        is_first: the one manager that may start the swarm when there is none.
        index: its place among all nodes of the swarm, from 0 and managers first: it says when the node may boot.
        labels: that a manager gets when it joins. A worker is told of none: nothing that it says of itself counts.
    """

    name: str
    pool: str
    role: Literal["manager", "worker"]
    is_first: bool = False
    index: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[NodeVolume, ...] = ()

    def __post_init__(self) -> None:
        if not _WORD.fullmatch(self.name) or not re.search(
            rf"-{re.escape(self.pool)}-[1-9][0-9]*$", self.name
        ):
            raise SettingsError.of(
                "the name is not that of a node",
                fix=f"it must be <environment>-{self.pool}-<number>, in lower case letters, digits and dashes",
                setting=f"node {self.name!r}",
            )
        if self.is_first and self.role != "manager":
            raise SettingsError.of(
                "the first node of a swarm must be a manager",
                fix="give it that role, or make another node the first",
                setting=f"node {self.name!r}",
            )
        for label in self._labels:
            if not _LABEL.fullmatch(label):
                raise SettingsError.of(
                    f"label {label!r} is not allowed",
                    fix="use letters, digits and . _ - (in the value : / too)",
                    setting=f"node {self.name!r}",
                )

    @property
    def number(self) -> int:
        """Its place in its pool, from 1."""
        return int(self.name.rsplit("-", 1)[1])

    @property
    def environment(self) -> str:
        """What the names of all nodes of the swarm begin with."""
        return self.name.removesuffix(f"-{self.pool}-{self.number}")

    @property
    def _labels(self) -> tuple[str, ...]:
        return tuple(f"{key}={value}" for key, value in sorted(self.labels.items()))

    @property
    def changeable(self) -> dict[str, str]:
        """What its file of facts says that a deploy may change on a running node: labels and volumes."""
        return {
            "LABELS": " ".join(self._labels),
            "VOLUMES": " ".join(f"{v.store}={v.device_name}={v.owner}" for v in self.volumes),
        }

    @property
    def desired_conf(self) -> str:
        """The same as a file, for ``sprocket-configure`` on the node."""
        return as_facts(self.changeable)

    def address(self, domain: str) -> str:
        """The DNS name of its private address."""
        return f"{self.pool}-{self.number}.nodes.{domain}"


@dataclass(frozen=True, kw_only=True)
class NodeKey:
    """An ed25519 key that Terraform makes: references as text, ``${tls_private_key.x.private_key_openssh}``.

    Text, because the private half is put into a call of Terraform's ``base64encode``, where a token of cdktf's cannot stand:
    ``f"${{tls_private_key.{key.friendly_unique_id}.private_key_openssh}}"``.
    """

    private: str
    public: str


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What all nodes of a swarm have in common.

    Args:
        managers: DNS names of all managers' private addresses, ``<pool>-<n>.nodes.<domain>``.
        vpc_range: where nodes come from when they ask to join.
        address_pool: of overlay networks; fixed when the swarm starts.
        operators: name to public ssh key, for user deploy; or to a reference to one.
        host_key: of every manager's sshd. Pinned by those who connect, and the same after a droplet was replaced.
        worker_host_key: the same for every worker; none of them can pass for a manager.
        join_manager: opens ``sprocket-admit manager``; in managers' user data only.
        join_worker: opens ``sprocket-admit worker``; in workers' user data only.
        tailscale_key: reference to a key for a private mesh that works once, of the one node that the user data is for; None for none.
        engine_packages: the engine's own package, and what else its image needs for a ``docker`` command.
        engine_version: shell pattern of the engine's version.
    """

    domain: str
    managers: tuple[str, ...]
    vpc_range: str
    address_pool: str = "10.200.0.0/16"
    operators: Mapping[str, str]
    host_key: NodeKey
    worker_host_key: NodeKey
    join_manager: NodeKey
    join_worker: NodeKey
    tailscale_key: str | None = None
    engine_packages: tuple[str, ...] = ("docker.io",)
    engine_version: str = ENGINE_VERSION

    def __post_init__(self) -> None:
        vpc, pool = IPv4Network(self.vpc_range), IPv4Network(self.address_pool)
        if vpc.overlaps(pool):
            raise SettingsError.of(
                f"{vpc} overlaps {pool}, where overlay networks get their addresses",
                fix="choose another range",
                setting="cloud/vpc_range",
            )
        for name, key in self.operators.items():
            if not is_reference(key) and not _OPERATOR.fullmatch(key.strip()):
                raise SettingsError.of(
                    "not a public ssh key",
                    fix="it is one line such as 'ssh-ed25519 AAAA... name'",
                    setting=f"cloud/ssh_keys/{name}",
                )

    @property
    def engine_pool(self) -> str:
        """Of the engine's own bridges."""
        taken = (IPv4Network(self.vpc_range), IPv4Network(self.address_pool))
        return next(p for p in ENGINE_POOLS if not any(IPv4Network(p).overlaps(t) for t in taken))
