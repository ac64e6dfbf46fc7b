"""Settings of a service in words, one line each: what reviewers see when one of them changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sprocket_constructs import mebibytes

from ops.model.service import Amount, Service


def settings_of(service: Service) -> dict[str, str]:
    """All but what has a place of its own in a report: image, replicas, networks, routes, contents of files."""
    return dict(sorted(_settings(service)))


def restarts_tasks(name: str) -> bool:
    """Whether a setting of that name is one of the tasks, not only of the service."""
    return not name.startswith(("label ", "update ", "rollback "))


def _settings(service: Service) -> Iterator[tuple[str, str]]:
    yield from ((f"label {name}", value) for name, value in service.labels.items())
    yield from ((f"variable {name}", value) for name, value in service.environment.items())
    words = {
        "command": " ".join(service.command),
        "args": " ".join(service.args),
        "groups": " ".join(service.groups),
        "user": service.user,
        "dir": service.directory,
        "hostname": service.hostname,
        "stop signal": service.stop_signal,
        "stop grace period": service.stop_grace,
        "runs on": ", ".join(sorted(service.constraints)),
        "at most per node": str(service.max_per_node or ""),
    }
    yield from ((name, text) for name, text in words.items() if text)
    yield from _each("health check", vars(service.health_check))
    yield from _amount("limit", service.limits)
    yield from _amount("reservation", service.reservation)
    for mount in service.mounts:
        mode = " read-only" if mount.read_only else ""
        yield f"mount {mount.target}", f"{mount.type} {mount.source}{mode}"
    for file in service.files:
        yield f"mode of {file.at}", f"{file.mode:04o} {file.owner}"
    yield from _each("restart", vars(service.restart))
    yield from _each("log", service.log_options)
    for port in service.published:
        yield f"published port {port.published}", f"{port.target} {port.mode}"
    yield from _each("update", vars(service.update))
    yield from _each("rollback", vars(service.rollback))


def _each(prefix: str, block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Those that are set, under the provider's names for them."""
    for name, value in block.items():
        if value not in (None, "", ()):
            shown = " ".join(value) if isinstance(value, tuple) else str(value)
            yield f"{prefix} {name.replace('_', ' ')}", shown


def _amount(bound: str, amount: Amount) -> Iterator[tuple[str, str]]:
    if amount.memory_bytes:
        yield f"memory {bound}", mebibytes(amount.memory_bytes)
    if amount.nano_cpus:
        yield f"cpu {bound}", f"{amount.nano_cpus / 1e9:g}"
