"""The declared services as a Compose file: the same services for ``docker stack deploy``.

Every key is one of version 3.8 of the Compose file format, which ``docker stack deploy`` of Docker 20.10 and later reads
(https://docs.docker.com/reference/compose-file/legacy-versions/); the tests hold them against a record of its schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import OpsError
from ops.model.file import MountedFile
from ops.model.inventory import Inventory
from ops.model.service import Amount, HealthCheck, Mount, PublishedPort, RestartPolicy, Rollout, Service
from ops.model.services import services_of
from ops.model.template import shown

VERSION = "3.8"
"""The first with ``max_replicas_per_node``."""
FILE = "compose.yaml"
_CANNOT_SAY = ("groups", "hosts", "sysctls", "container_labels")
"""Settings of a service that this does not translate: the format has no key for some, and no service of ours sets others."""
_NETWORK = {"name", "driver", "internal"}


@dataclass(frozen=True, kw_only=True)
class ComposeFile:
    """A Compose file and the files that its configs and secrets are made of.

    Args:
        files: their texts, by name. A secret value that Terraform would generate is its reference, in all of them the same.
    """

    document: Mapping[str, Any]
    files: Mapping[str, str]

    def write(self, folder: Path) -> Path:
        """Writes all of it to a folder and returns where the Compose file is."""
        for name, text in self.files.items():
            (folder / name).write_text(text)
        path = folder / FILE
        # JSON is YAML.
        path.write_text(json.dumps(self.document, indent=2))
        return path


def compose_file(inventory: Inventory) -> ComposeFile:
    """The Compose file of a stack.

    Left out is what the format cannot say: the platform of a task, and the order in which Terraform creates services.

    Raises:
        OpsError: a service or a network has a setting that is not translated, so that the file would be of other services.
    """
    services = services_of(inventory)
    mounted = {_key(file): file for service in services for file in service.files}
    volumes = {mount.source for service in services for mount in service.mounts if mount.type == "volume"}
    document = {
        "version": VERSION,
        "services": {service.name: _service(service) for service in services},
        "networks": dict(_networks(inventory)),
        "volumes": {name: {} for name in sorted(volumes)},
        **{
            f"{kind}s": {key: {"file": f"./{key}"} for key, file in mounted.items() if file.kind == kind}
            for kind in ("config", "secret")
        },
    }
    files = {key: shown(file.text) for key, file in mounted.items()}
    return ComposeFile(document=_quoted(document), files=files)


def _networks(inventory: Inventory) -> Iterator[tuple[str, dict[str, Any]]]:
    for network in inventory.of_type("docker_network"):
        if more := network.values.keys() - _NETWORK:
            raise _untranslated(f"network {network.name}", more)
        yield network.name, {"driver": network.values["driver"], "internal": network.values["internal"]}


def _service(service: Service) -> dict[str, Any]:
    if more := [name for name in _CANNOT_SAY if getattr(service, name)]:
        raise _untranslated(f"service {service.name}", more)
    return _set(
        {
            "image": service.image.reference,
            "entrypoint": _words(service.command),
            "command": _words(service.args),
            "environment": {name: _plain(value) for name, value in service.environment.items()},
            "user": service.user,
            "working_dir": service.directory,
            "hostname": service.hostname,
            "stop_signal": service.stop_signal,
            "stop_grace_period": service.stop_grace,
            "healthcheck": _health_check(service.health_check),
            "configs": [_file(file) for file in service.files if file.kind == "config"],
            "secrets": [_file(file) for file in service.files if file.kind == "secret"],
            "volumes": [_mount(mount) for mount in service.mounts],
            "networks": {
                name: _set({"aliases": list(aliases)}) for name, aliases in service.networks.items()
            },
            "ports": [_port(port) for port in service.published],
            "logging": _set({"driver": service.log_driver, "options": dict(service.log_options)}),
            "deploy": _deploy(service),
        }
    )


def _deploy(service: Service) -> dict[str, Any]:
    return _set(
        {
            "mode": service.mode,
            "replicas": service.replicas if service.mode == "replicated" else None,
            "endpoint_mode": service.endpoint_mode,
            "labels": {name: _plain(value) for name, value in service.labels.items()},
            "update_config": _rollout(service.update),
            "rollback_config": _rollout(service.rollback),
            "resources": _set(
                {"limits": _amount(service.limits), "reservations": _amount(service.reservation)}
            ),
            "restart_policy": _restart(service.restart),
            "placement": _set(
                {
                    "constraints": list(service.constraints),
                    "max_replicas_per_node": service.max_per_node or None,
                }
            ),
        }
    )


def _health_check(check: HealthCheck) -> dict[str, Any]:
    return _set(
        {
            "test": _words(check.test),
            "interval": check.interval,
            "timeout": check.timeout,
            "retries": check.retries,
            "start_period": check.start_period,
        }
    )


def _file(file: MountedFile) -> dict[str, Any]:
    uid, _, gid = file.owner.partition(":")
    return {"source": _key(file), "target": file.at, "uid": uid, "gid": gid, "mode": file.mode}


def _mount(mount: Mount) -> dict[str, Any]:
    return {
        "type": mount.type,
        "source": mount.source,
        "target": mount.target,
        "read_only": mount.read_only,
    }


def _port(port: PublishedPort) -> dict[str, Any]:
    return {"target": port.target, "published": port.published, "protocol": "tcp", "mode": port.mode}


def _rollout(rollout: Rollout) -> dict[str, Any]:
    ratio = rollout.max_failure_ratio
    return _set(
        {
            "parallelism": rollout.parallelism,
            "delay": rollout.delay,
            "failure_action": rollout.failure_action,
            "monitor": rollout.monitor,
            "max_failure_ratio": None if ratio is None else float(ratio),
            "order": rollout.order,
        }
    )


def _restart(policy: RestartPolicy) -> dict[str, Any]:
    return _set(
        {
            "condition": policy.condition,
            "delay": policy.delay,
            "max_attempts": policy.max_attempts,
            "window": policy.window,
        }
    )


def _amount(amount: Amount) -> dict[str, str]:
    """The format has both as text: processors in whole ones, memory in bytes."""
    found = {}
    if amount.nano_cpus:
        found["cpus"] = f"{amount.nano_cpus / 1e9:g}"
    if amount.memory_bytes:
        found["memory"] = str(amount.memory_bytes)
    return found


def _key(file: MountedFile) -> str:
    """The config's or secret's name without its hash, which may be the name of one of the other kind."""
    return f"{file.name}.{file.kind}"


def _words(words: Iterable[str]) -> list[str]:
    return [_plain(word) for word in words]


def _plain(text: str) -> str:
    """A text of Terraform's JSON as the text that it stands for."""
    return text.replace("$${", "${").replace("%%{", "%{")


def _quoted(value: Any) -> Any:
    """With every dollar doubled: in a Compose file one begins a variable."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _quoted(inner) for key, inner in value.items()}
    return [_quoted(inner) for inner in value] if isinstance(value, list) else value


def _set(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are set; a number 0 is."""
    return {name: value for name, value in settings.items() if value not in (None, "", [], {})}


def _untranslated(what: str, settings: Iterable[str]) -> OpsError:
    return OpsError(
        f"{what} has {', '.join(sorted(settings))}, which the benchmark's Compose file cannot say",
        fix="translate it in ops/bench/compose_file.py, or leave it out of tests/bench",
    )
