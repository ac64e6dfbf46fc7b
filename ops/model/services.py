"""The one reader of ``docker_service``: as cdktf writes it, and as Terraform's state has it (each block a list of one)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, TypeVar

from ops.model.file import MountedFile, text_of
from ops.model.image_name import ImageName
from ops.model.inventory import Inventory, Resource, Values, one
from ops.model.service import (
    Amount,
    HealthCheck,
    Mount,
    PublishedPort,
    RestartPolicy,
    Rollout,
    Router,
    Service,
)

TYPE = "docker_service"

Block = TypeVar("Block", HealthCheck, RestartPolicy, Rollout, Amount)

_ROUTER = re.compile(r"traefik\.http\.routers\.([^.]+)\.(.+)")
_NOTHING: Mapping[str, Any] = MappingProxyType({})

_SETTINGS = {
    "task_spec.networks_advanced": "networks",
    "task_spec.container_spec.labels": "container labels",
}
"""What we call a setting, by the beginning of its path in Terraform."""


def services_of(
    inventory: Inventory,
    *,
    listens: Mapping[str, Mapping[str, int]] = _NOTHING,
    secrets: Mapping[str, str] = _NOTHING,
) -> list[Service]:
    """All services of a stack, by name.

    Args:
        listens: ports by their names, for each service that somebody knows them of.
        secrets: names of secret values by their Terraform reference, for the marks in files.
    """
    resources = inventory.of_type(TYPE)
    owners = {resource.owner: resource.name for resource in resources}
    return [
        _service(resource, inventory, owners, listens.get(resource.name, {}), secrets)
        for resource in resources
    ]


def services_by_network(services: Iterable[Service]) -> dict[str, list[Service]]:
    """The services on each network, sorted by the network's name: who can reach whom."""
    found: dict[str, list[Service]] = {}
    for service in services:
        for network in service.networks:
            found.setdefault(network, []).append(service)
    return dict(sorted(found.items()))


def setting_of(path: Iterable[Any]) -> str:
    """A setting's name from its path in Terraform, as ``replace_paths`` of a plan has it."""
    dotted = ".".join(str(part) for part in path if not isinstance(part, int))
    return next((name for start, name in _SETTINGS.items() if dotted.startswith(start)), dotted)


def image_in(values: Values) -> ImageName:
    """The image that the values of one ``docker_service`` ask for."""
    return ImageName.parse(str(one(one(values.get("task_spec")).get("container_spec")).get("image") or ""))


def _service(
    resource: Resource,
    inventory: Inventory,
    owners: Mapping[str, str],
    listens: Mapping[str, int],
    secrets: Mapping[str, str],
) -> Service:
    values = resource.values
    mode = one(values.get("mode"))
    task = one(values.get("task_spec"))
    container = one(task.get("container_spec"))
    resources, placement, log = (one(task.get(name)) for name in ("resources", "placement", "log_driver"))
    endpoint = one(values.get("endpoint_spec"))
    labels = _labels(values)
    joined = list(_joined(task, inventory))
    servers = {owners.get(network.owner.rpartition("/")[0]) for _, network, _ in joined if network}
    return Service(
        address=resource.address,
        path=resource.owner,
        name=resource.name,
        layer=resource.layer,
        image=image_in(values),
        mode="replicated" if mode.get("replicated") else "global",
        # Docker's default where none is set; 0 is set.
        replicas=1 if (replicas := one(mode.get("replicated")).get("replicas")) is None else int(replicas),
        command=_words(container.get("command")),
        args=_words(container.get("args")),
        environment=_texts(container.get("env")),
        user=str(container.get("user") or ""),
        groups=_words(container.get("groups")),
        directory=str(container.get("dir") or ""),
        hostname=str(container.get("hostname") or ""),
        hosts=_words(container.get("hosts")),
        sysctls=_texts(container.get("sysctl")),
        container_labels=_labels(container),
        stop_signal=str(container.get("stop_signal") or ""),
        stop_grace=str(container.get("stop_grace_period") or ""),
        health_check=_block(HealthCheck, container.get("healthcheck")),
        files=tuple(_files(container, inventory, secrets)),
        mounts=tuple(_mounts(container, inventory)),
        networks={name: aliases for name, _, aliases in joined},
        # The network of the gateway hangs on no service; one for the way out has no other member.
        servers=tuple(sorted(name for name in servers if name and name != resource.name)),
        published=tuple(_published(endpoint)),
        listens=listens,
        endpoint_mode=str(endpoint.get("mode") or ""),
        labels=labels,
        routers=tuple(_routers(labels)),
        limits=_block(Amount, resources.get("limits")),
        reservation=_block(Amount, resources.get("reservation")),
        restart=_block(RestartPolicy, task.get("restart_policy")),
        constraints=_words(placement.get("constraints")),
        max_per_node=int(placement.get("max_replicas") or 0),
        log_driver=str(log.get("name") or ""),
        log_options=_texts(log.get("options")),
        update=_block(Rollout, values.get("update_config")),
        rollback=_block(Rollout, values.get("rollback_config")),
        converge_timeout=str(one(values.get("converge_config")).get("timeout") or ""),
    )


def _block(cls: type[Block], raw: Any) -> Block:
    """A block whose settings have the provider's names; state fills in empty ones, which say nothing."""
    values = one(raw)
    known: dict[str, Any] = {
        each.name: tuple(map(str, value)) if isinstance(value, list) else value
        for each in fields(cls)
        if (value := values.get(each.name)) not in (None, "", [])
    }
    return cls(**known)


def _words(raw: Any) -> tuple[str, ...]:
    return tuple(map(str, raw or ()))


def _texts(raw: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in (raw or {}).items()}


def _labels(values: Values) -> dict[str, str]:
    return {str(pair["label"]): str(pair["value"]) for pair in values.get("labels") or []}


def _joined(task: Values, inventory: Inventory) -> Iterator[tuple[str, Resource | None, tuple[str, ...]]]:
    """Name, resource where it is one of the stack, and aliases of each network."""
    for each in task.get("networks_advanced") or []:
        reference = str(each.get("name") or each.get("id") or "")
        network = inventory.referred(reference, "docker_network")
        yield network.name if network else reference, network, _words(each.get("aliases"))


def _files(container: Values, inventory: Inventory, secrets: Mapping[str, str]) -> Iterator[MountedFile]:
    for kind in ("config", "secret"):
        for mount in container.get(f"{kind}s") or []:
            reference = str(mount.get(f"{kind}_id") or mount.get(f"{kind}_name") or "")
            resource = inventory.referred(reference, f"docker_{kind}")
            yield MountedFile(
                at=str(mount.get("file_name")),
                kind=kind,
                address=inventory.address_of(reference, f"docker_{kind}"),
                name=resource.name if resource else reference,
                text=text_of(resource, inventory, secrets) if resource else "",
                mode=int(mount.get("file_mode") or 0),
                owner=f"{mount.get('file_uid')}:{mount.get('file_gid')}",
            )


def _mounts(container: Values, inventory: Inventory) -> Iterator[Mount]:
    for mount in container.get("mounts") or []:
        source = str(mount.get("source") or "")
        volume = inventory.referred(source, "docker_volume")
        yield Mount(
            type=str(mount.get("type")),
            source=volume.name if volume else source,
            target=str(mount.get("target")),
            read_only=bool(mount.get("read_only")),
        )


def _published(endpoint: Values) -> Iterator[PublishedPort]:
    for port in endpoint.get("ports") or []:
        yield PublishedPort(
            published=int(port.get("published_port") or 0),
            target=int(port.get("target_port") or 0),
            mode=str(port.get("publish_mode") or ""),
        )


def _routers(labels: Mapping[str, str]) -> Iterator[Router]:
    found: dict[str, dict[str, str]] = {}
    for label, value in labels.items():
        if match := _ROUTER.fullmatch(label):
            found.setdefault(match[1], {})[match[2]] = value
    for name, options in found.items():
        chain = tuple(filter(None, options.get("middlewares", "").split(",")))
        redirects = [
            labels.get(f"traefik.http.middlewares.{each}.redirectregex.replacement") for each in chain
        ]
        port = labels.get(f"traefik.http.services.{name}.loadbalancer.server.port", "")
        yield Router(
            name=name,
            rule=options.get("rule", ""),
            middlewares=chain,
            redirects_to=next(filter(None, redirects), ""),
            port=int(port) if port.isdigit() else None,
        )
