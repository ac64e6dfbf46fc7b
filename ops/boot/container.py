"""A declared service as one container of a trial: the program, its user, files and limits as declared, and nothing of the platform."""

from __future__ import annotations

import io
import secrets
import string
import tarfile
from collections.abc import Callable, Mapping
from typing import Any

from docker.types import Healthcheck, LogConfig, Mount
from sprocket_constructs import seconds

from ops.model.inventory import Inventory
from ops.model.service import Service
from ops.model.template import filled

MEMORY = 512 * 1024**2
"""Bytes for a service that declares no limit."""

FIRST_TO_GO = 1000
"""The kernel's ``oom_score_adj``: where a node runs out of memory after all, it ends a trial's process first."""

CPU_SHARES = 2
"""The least that there is; a task has 1024. Where the node is busy, a trial waits."""

BLOCK_IO_WEIGHT = 10
"""The least that there is; the engine drops it where the kernel has no such weight."""

PIDS = 1024
"""Processes and threads that a container may have: more than any service of ours, too few to exhaust a node."""

_LENGTH = 32
_ALPHABET = string.ascii_letters + string.digits


class ThrowawayValues:
    """Made-up values for the secrets of a stack: each of the length that is declared, and the same wherever it is read.

    Args:
        wanted: the stack, synthesized.
    """

    def __init__(self, wanted: Inventory) -> None:
        self._wanted = wanted
        self._made: dict[str, str] = {}

    def __call__(self, reference: str) -> str:
        """The value for a Terraform reference, such as ``random_password.redis.result`` or ``var.token``."""
        if reference not in self._made:
            resource = self._wanted.resources.get(reference.rpartition(".")[0])
            length = int((resource.values.get("length") if resource else None) or _LENGTH)
            self._made[reference] = "".join(secrets.choice(_ALPHABET) for _ in range(length))
        return self._made[reference]

    @property
    def made(self) -> frozenset[str]:
        """All values so far."""
        return frozenset(self._made.values())


def memory_of(service: Service) -> int:
    """Bytes that its container may use at most."""
    return service.limits.memory_bytes or MEMORY


def settings_of(service: Service) -> dict[str, Any]:
    """Arguments of ``create_container`` that are the service's own: its program and its health check.

    Swarm's templates, such as ``{{.Node.Hostname}}``, are known to services only.
    """
    check = service.health_check
    return {
        "hostname": service.name if "{{" in service.hostname else service.hostname or None,
        "entrypoint": list(service.command) or None,
        "command": list(service.args) or None,
        "environment": dict(service.environment),
        "user": service.user or None,
        "working_dir": service.directory or None,
        "stop_signal": service.stop_signal or None,
        "use_config_proxy": False,
        "healthcheck": Healthcheck(
            test=list(check.test),
            interval=_nanoseconds(check.interval),
            timeout=_nanoseconds(check.timeout),
            retries=check.retries or 0,
            start_period=_nanoseconds(check.start_period),
        ),
    }


def limits_of(service: Service, *, volume: Callable[[str], str], labels: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of ``create_host_config`` besides the network: no port, no directory of the node, no volume of the platform.

    Every directory and volume is an empty volume of the trial, the same for all who share it.

    Args:
        volume: the name of the one that stands for a declared volume or directory.
        labels: of the volumes.
    """
    memory = memory_of(service)
    return {
        "mem_limit": memory,
        "memswap_limit": memory,
        "nano_cpus": service.limits.nano_cpus or None,
        "oom_score_adj": FIRST_TO_GO,
        "cpu_shares": CPU_SHARES,
        "blkio_weight": BLOCK_IO_WEIGHT,
        "pids_limit": PIDS,
        "group_add": list(service.groups) or None,
        "log_config": LogConfig(type="json-file", config={"max-size": "10m"}),
        "mounts": [
            Mount(
                target=mount.target,
                source=volume(mount.source),
                read_only=mount.read_only,
                labels=dict(labels),
            )
            for mount in service.mounts
        ],
    }


def archive_of(service: Service, values: ThrowawayValues) -> bytes:
    """Its configs and secrets, as a tar archive for the root directory; secrets have made-up values."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file in service.files:
            content = filled(file.text, values).encode()
            entry = tarfile.TarInfo(file.at.lstrip("/"))
            entry.size, entry.mode = len(content), file.mode or 0o444
            uid, _, gid = file.owner.partition(":")
            entry.uid, entry.gid = _number(uid), _number(gid)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _nanoseconds(text: str | None) -> int:
    return seconds(text) * 1_000_000_000 if text else 0


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
