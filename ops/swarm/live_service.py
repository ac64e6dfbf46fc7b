"""The services of a swarm in full, in the form of the declared ones: for comparing both, setting by setting."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.model.file import MountedFile
from ops.model.image_name import ImageName
from ops.model.inventory import Inventory
from ops.model.service import Amount, HealthCheck, Mount, PublishedPort, RestartPolicy, Rollout, Service
from ops.swarm.engine import Swarm

_ALWAYS = {"ContainerSpec.Isolation": "default", "Runtime": "container"}
"""What the engine or the provider writes for a service that asks for nothing."""


@dataclass(frozen=True, kw_only=True)
class LiveService:
    """A service as the engine has it.

    Args:
        further: settings that no service of ours declares, under Docker's names: ``ContainerSpec.Init``.
        forced: how often its tasks were restarted by ``docker service update --force``.
        changed: when, as the engine writes it.
        rolled_back: its last update failed, and the swarm has put the version before it back.
    """

    id: str
    service: Service
    further: Mapping[str, str] = field(default_factory=dict)
    forced: int = 0
    changed: str = ""
    rolled_back: bool = False


def live_services(swarm: Swarm, recorded: Inventory) -> list[LiveService]:
    """All services, by name.

    Args:
        recorded: what the state knows, for the names behind ids of networks, volumes, configs and secrets.
    """
    networks = {raw["Id"]: raw["Name"] for raw in swarm.api.networks()}
    found = [_live(raw, recorded, networks) for raw in swarm.api.services()]
    return sorted(found, key=lambda live: live.service.name)


def _live(raw: Mapping[str, Any], recorded: Inventory, networks: Mapping[str, str]) -> LiveService:
    # Whatever is not taken out of the copy is a setting that nobody declares.
    spec = copy.deepcopy(dict(raw["Spec"]))
    task = spec.pop("TaskTemplate", None) or {}
    container = task.pop("ContainerSpec", None) or {}
    resources, placement, log, endpoint = (
        each or {}
        for each in (
            task.pop("Resources", None),
            task.pop("Placement", None),
            task.pop("LogDriver", None),
            spec.pop("EndpointSpec", None),
        )
    )
    limits, reservation = (resources.pop(name, None) or {} for name in ("Limits", "Reservations"))
    mode = spec.pop("Mode", None) or {}
    replicated = mode.pop("Replicated", None)
    mounts = [_mount(dict(each), recorded) for each in container.pop("Mounts", None) or []]
    placement.pop("Platforms", None)
    health = container.pop("Healthcheck", None) or {}
    restart = task.pop("RestartPolicy", None) or {}
    forced = int(task.pop("ForceUpdate", 0) or 0)
    name = str(spec.pop("Name"))
    service = Service(
        address="",
        path=name,
        name=name,
        image=ImageName.parse(str(container.pop("Image", ""))),
        mode="global" if replicated is None else "replicated",
        replicas=int((replicated or {}).get("Replicas") or 0),
        command=_words(container.pop("Command", None)),
        args=_words(container.pop("Args", None)),
        environment=dict(_pair(each) for each in container.pop("Env", None) or []),
        user=str(container.pop("User", "")),
        groups=_words(container.pop("Groups", None)),
        directory=str(container.pop("Dir", "")),
        hostname=str(container.pop("Hostname", "")),
        container_labels=dict(container.pop("Labels", None) or {}),
        stop_signal=str(container.pop("StopSignal", "")),
        stop_grace=go_duration(container.pop("StopGracePeriod", None)),
        health_check=HealthCheck(
            test=_words(health.pop("Test", None)),
            interval=go_duration(health.pop("Interval", None)),
            timeout=go_duration(health.pop("Timeout", None)),
            retries=health.pop("Retries", None),
            start_period=go_duration(health.pop("StartPeriod", None)),
        ),
        files=tuple(_files(container, recorded)),
        mounts=tuple(mount for mount, _ in mounts),
        networks=dict(_joined(task.pop("Networks", None), recorded, networks)),
        published=tuple(_published(each) for each in endpoint.pop("Ports", None) or []),
        endpoint_mode=str(endpoint.pop("Mode", "")),
        labels=dict(spec.pop("Labels", None) or {}),
        limits=_amount(limits),
        reservation=_amount(reservation),
        restart=RestartPolicy(
            condition=restart.pop("Condition", None),
            delay=go_duration(restart.pop("Delay", None)),
            max_attempts=restart.pop("MaxAttempts", None),
            window=go_duration(restart.pop("Window", None)),
        ),
        constraints=_words(placement.pop("Constraints", None)),
        max_per_node=int(placement.pop("MaxReplicas", 0) or 0),
        log_driver=str(log.pop("Name", "")),
        log_options=dict(log.pop("Options", None) or {}),
        update=_rollout(spec.pop("UpdateConfig", None)),
        rollback=_rollout(spec.pop("RollbackConfig", None)),
    )
    left = {
        **spec,
        **task,
        "ContainerSpec": {**container, "Healthcheck": health},
        "Resources": {**resources, "Limits": limits, "Reservations": reservation},
        "Placement": placement,
        "Mode": {key: value for key, value in mode.items() if key != "Global"},
        "Mounts": {mount.target: options for mount, options in mounts},
    }
    status = raw.get("UpdateStatus") or {}
    return LiveService(
        id=str(raw["ID"]),
        service=service,
        further={path: text for path, text in _flat(left) if _ALWAYS.get(path) != text},
        forced=forced,
        changed=str(raw.get("UpdatedAt") or ""),
        rolled_back=str(status.get("State", "")).startswith("rollback"),
    )


def go_duration(nanoseconds: int | None) -> str:
    """A duration as the provider writes it: Go's own form without zeros at its end, ``1m30s``, ``500ms``."""
    if nanoseconds is None:
        return ""
    whole, rest = divmod(int(nanoseconds), 1_000_000_000)
    if rest:
        return f"{nanoseconds / 1e6:g}ms" if not whole else f"{nanoseconds / 1e9:g}s"
    hours, seconds = divmod(whole, 3600)
    minutes, seconds = divmod(seconds, 60)
    text = f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
    text = text.removesuffix("0s") if text.endswith("m0s") else text
    return text.removesuffix("0m") if text.endswith("h0m") else text


def _words(raw: Any) -> tuple[str, ...]:
    return tuple(map(str, raw or ()))


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _amount(raw: dict[str, Any]) -> Amount:
    return Amount(
        memory_bytes=int(raw.pop("MemoryBytes", 0) or 0), nano_cpus=int(raw.pop("NanoCPUs", 0) or 0)
    )


def _rollout(raw: dict[str, Any] | None) -> Rollout:
    raw = raw or {}
    return Rollout(
        parallelism=raw.get("Parallelism"),
        delay=go_duration(raw.get("Delay")),
        failure_action=raw.get("FailureAction"),
        monitor=go_duration(raw.get("Monitor")),
        max_failure_ratio=f"{float(raw.get('MaxFailureRatio') or 0):.1f}",
        order=raw.get("Order"),
    )


def _files(container: dict[str, Any], recorded: Inventory) -> Iterator[MountedFile]:
    for kind in ("Config", "Secret"):
        for mount in container.pop(f"{kind}s", None) or []:
            type_, file = f"docker_{kind.lower()}", mount.get("File") or {}
            reference = str(mount[f"{kind}ID"])
            resource = recorded.referred(reference, type_)
            yield MountedFile(
                at=str(file.get("Name")),
                text="",
                kind=kind.lower(),
                address=recorded.address_of(reference, type_),
                name=resource.name if resource else str(mount[f"{kind}Name"]),
                mode=int(file.get("Mode") or 0),
                owner=f"{file.get('UID')}:{file.get('GID')}",
            )


def _mount(raw: dict[str, Any], recorded: Inventory) -> tuple[Mount, dict[str, Any]]:
    """A mount, and the options that it has besides."""
    source = str(raw.pop("Source", ""))
    volume = recorded.referred(source, "docker_volume")
    mount = Mount(
        type=str(raw.pop("Type", "")),
        source=volume.name if volume else source,
        target=str(raw.pop("Target", "")),
        read_only=bool(raw.pop("ReadOnly", False)),
    )
    return mount, raw


def _joined(
    raw: Any, recorded: Inventory, networks: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in raw or []:
        target = str(each["Target"])
        network = recorded.referred(target, "docker_network")
        yield network.name if network else networks.get(target, target), _words(each.get("Aliases"))


def _published(raw: Mapping[str, Any]) -> PublishedPort:
    return PublishedPort(
        published=int(raw.get("PublishedPort") or 0),
        target=int(raw.get("TargetPort") or 0),
        mode=str(raw.get("PublishMode") or ""),
    )


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """What is set, by its dotted path."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif value not in (None, "", [], 0, False):
        yield path, value if isinstance(value, str) else json.dumps(value, sort_keys=True)
