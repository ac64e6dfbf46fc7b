"""A service that keeps data stays on its node, runs once, and declares a backup."""

from __future__ import annotations

from collections.abc import Iterator

from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.model.service import Service

SOCKET = "/var/run/docker.sock"
MAY_HOLD_THE_SOCKET = {"socket-proxy", "collectors-socket-proxy", "swarm-socket-proxy"}


def stores_are_pinned(platform: Platform) -> Iterator[Finding]:
    """Pinned, one task, stop-first; or one task on each node with a part of its own."""
    for service in platform.services:
        if not service.keeps_data:
            continue
        each_node = service.max_per_node == 1
        if not (service.constraints or each_node):
            yield _finding(service, "keeps data and may run on any node", "after a move it would start empty",
                           "service.stores(site.storage(...)) pins it to the node that has its data")  # fmt: skip
        if service.replicas != 1 and not each_node:
            yield _finding(service, f"keeps data and has {service.replicas} tasks", "two on one directory corrupt it",
                           "use one replica")  # fmt: skip
        if service.update.order != "stop-first":
            yield _finding(service, "keeps data and updates start-first", "the old and the new task would write at the same time",
                           "update=UpdatePolicy.stop_first()")  # fmt: skip


def stores_have_a_backup(platform: Platform) -> Iterator[Finding]:
    """Or a reason for none."""
    for service in platform.services:
        for mount in service.mounts:
            if not platform.declared.data.get((service.name, mount.target)):
                yield _finding(
                    service,
                    f"mounts {mount.target}, without a decision about its backup",
                    "data lost there could not be restored",
                    "stores(..., backup=backups.job(...)) or NoBackup(because=...)",
                )


def docker_socket_is_proxied(platform: Platform) -> Iterator[Finding]:
    """Access to it is root access to the node."""
    for service in platform.services:
        if service.short_name not in MAY_HOLD_THE_SOCKET and any(
            mount.source == SOCKET for mount in service.mounts
        ):
            yield _finding(service, f"mounts {SOCKET}", "access to the engine's socket is root access to the node",
                           "connect to the socket proxy instead")  # fmt: skip


def _finding(service: Service, what: str, cause: str, fix: str) -> Finding:
    return Finding(path=service.path, what=what, cause=cause, fix=fix)
