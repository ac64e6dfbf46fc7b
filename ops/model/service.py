"""A service of the swarm as reviewers know it, read from either form of a ``docker_service``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sprocket_constructs import UNRESOLVED, mebibytes, seconds

from ops.model.inventory import Inventory, Resource, Values, one

_RULE = re.compile(r"^traefik\.http\.routers\.([^.]+)\.rule$")
_HOST = re.compile(r"Host\(`([^`]+)`\)(?:\s*&&\s*PathPrefix\(`([^`]+)`\))?")


@dataclass(frozen=True, kw_only=True)
class ImageName:
    """``name:tag@digest`` in its parts."""

    name: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, reference: str) -> ImageName:
        """From the text in a service."""
        rest, _, digest = reference.partition("@")
        name, colon, tag = rest.rpartition(":")
        if not colon or "/" in tag:
            name, tag = rest, "latest"
        return cls(name=name, tag=tag, digest=digest)

    @property
    def short_name(self) -> str:
        """Last part of the repository."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def short_digest(self) -> str:
        """Enough of the digest to compare by eye."""
        if self.is_unresolved:
            return self.digest
        return self.digest.removeprefix("sha256:")[:8] or "no digest"

    @property
    def is_unresolved(self) -> bool:
        """Whether nobody has looked the digest up yet."""
        return self.digest == UNRESOLVED

    def __str__(self) -> str:
        return f"{self.short_name} {self.tag} ({self.short_digest})"


@dataclass(frozen=True, kw_only=True)
class FileRef:
    """A config or secret that a service reads."""

    path: str
    kind: str
    address: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ServiceView:
    """What a report says about one service."""

    address: str
    path: str
    name: str
    layer: str
    image: ImageName
    replicas: int
    order: str
    start_period_s: int
    stop_grace_s: int
    networks: tuple[str, ...]
    files: tuple[FileRef, ...]
    routes: tuple[str, ...]
    settings: Mapping[str, str]

    @property
    def away_s(self) -> int:
        """Longest time without a task in a stop-first update: the stop grace, then the start period. An estimate."""
        return self.stop_grace_s + self.start_period_s


def view_of(resource: Resource, inventory: Inventory, access: Mapping[str, str]) -> ServiceView:
    """Reads a docker_service.

    Args:
        access: who may use a host, for its routes.
    """
    values = resource.values
    spec = one(values.get("task_spec"))
    container = one(spec.get("container_spec"))
    labels = labels_of(values)
    update = one(values.get("update_config"))
    return ServiceView(
        address=resource.address,
        path=resource.owner,
        name=str(values.get("name", resource.name)),
        layer=resource.layer,
        image=ImageName.parse(str(container.get("image", ""))),
        replicas=int(one(one(values.get("mode")).get("replicated")).get("replicas") or 1),
        order=str(update.get("order") or "stop-first"),
        start_period_s=_seconds(one(container.get("healthcheck")).get("start_period")),
        stop_grace_s=_seconds(container.get("stop_grace_period")),
        networks=tuple(sorted(_networks(spec, inventory))),
        files=tuple(sorted(_files(container, inventory), key=lambda f: f.path)),
        routes=tuple(sorted(routes_of(labels, access))),
        settings=dict(sorted(_settings(values, spec, container, labels, inventory))),
    )


def labels_of(values: Values) -> dict[str, str]:
    """Labels of the service."""
    return {str(pair["label"]): str(pair["value"]) for pair in values.get("labels") or []}


def routes_of(labels: Mapping[str, str], access: Mapping[str, str]) -> Iterator[str]:
    """Addresses that lead to the service, with who may use them."""
    for label, rule in labels.items():
        router = _RULE.match(label)
        if router is None:
            continue
        for host, path in _HOST.findall(rule):
            who = access.get(host, "").partition(", ")[2] or "access not stated"
            yield f"https://{host}{path} ({who})"


def _networks(spec: Values, inventory: Inventory) -> Iterator[str]:
    for joined in spec.get("networks_advanced") or []:
        reference = str(joined.get("name") or joined.get("id") or "")
        network = inventory.referred(reference, "docker_network")
        aliases = ", ".join(sorted(joined.get("aliases") or []))
        yield (network.name if network else reference) + (f" as {aliases}" if aliases else "")


def _files(container: Values, inventory: Inventory) -> Iterator[FileRef]:
    for kind in ("config", "secret"):
        for mount in container.get(f"{kind}s") or []:
            name = str(mount.get(f"{kind}_name") or "")
            resource = inventory.referred(name, f"docker_{kind}")
            yield FileRef(
                path=str(mount.get("file_name")),
                kind=kind,
                address=resource.address if resource else name,
                name=resource.name if resource else name,
            )


def _settings(
    values: Values, spec: Values, container: Values, labels: Mapping[str, str], inventory: Inventory
) -> Iterator[tuple[str, str]]:
    """Everything else that matters, one line each; empty values are left out, as state fills them in."""
    yield from ((f"label {name}", value) for name, value in labels.items())
    for name, value in (container.get("env") or {}).items():
        yield f"variable {name}", str(value)
    for word in ("command", "args", "groups"):
        if container.get(word):
            yield word, " ".join(map(str, container[word]))
    for word in ("user", "dir", "hostname", "stop_signal", "stop_grace_period"):
        if container.get(word):
            yield word.replace("_", " "), str(container[word])
    yield from _flat("health check", one(container.get("healthcheck")))
    yield from _resources(one(spec.get("resources")))
    yield from _mounts(container, inventory)
    for mount in [*(container.get("configs") or []), *(container.get("secrets") or [])]:
        owner = f"{mount.get('file_uid')}:{mount.get('file_gid')}"
        yield f"mode of {mount.get('file_name')}", f"{int(mount.get('file_mode') or 0):04o} {owner}"
    yield from _flat("restart", one(spec.get("restart_policy")))
    placement = one(spec.get("placement"))
    if placement.get("constraints"):
        yield "runs on", ", ".join(sorted(placement["constraints"]))
    if placement.get("max_replicas"):
        yield "at most per node", str(placement["max_replicas"])
    yield from _flat("log", one(one(spec.get("log_driver")).get("options")))
    for port in one(values.get("endpoint_spec")).get("ports") or []:
        yield (
            f"published port {port.get('published_port')}",
            f"{port.get('target_port')} {port.get('publish_mode')}",
        )
    yield from _flat("update", one(values.get("update_config")))
    yield from _flat("rollback", one(values.get("rollback_config")))


def _resources(resources: Values) -> Iterator[tuple[str, str]]:
    for block, word in (("limits", "limit"), ("reservation", "reservation")):
        part = one(resources.get(block))
        if part.get("memory_bytes"):
            yield f"memory {word}", mebibytes(int(part["memory_bytes"]))
        if part.get("nano_cpus"):
            yield f"cpu {word}", f"{int(part['nano_cpus']) / 1e9:g}"


def _mounts(container: Values, inventory: Inventory) -> Iterator[tuple[str, str]]:
    for mount in container.get("mounts") or []:
        source = str(mount.get("source") or "")
        volume = inventory.referred(source, "docker_volume")
        shown = volume.name if volume else source
        mode = " read-only" if mount.get("read_only") else ""
        yield f"mount {mount.get('target')}", f"{mount.get('type')} {shown}{mode}"


def _flat(prefix: str, block: Values) -> Iterator[tuple[str, str]]:
    for name, value in block.items():
        if value in (None, "", [], {}):
            continue
        yield f"{prefix} {name.replace('_', ' ')}", _word(value)


def _word(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _seconds(text: Any) -> int:
    try:
        return seconds(str(text or "0s"))
    except ValueError:
        return 0
