"""Every secret value has an owner and a reader, and what has to be supplied is there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.model.file import template_of, text_of
from ops.model.template import references_in

_VISIBLE = re.compile(r"@@secret:|random_password\.|\bvar\.|\blocal\.")


def secrets_are_read(platform: Platform) -> Iterator[Finding]:
    """Each value is read by a service or a provider; one that is not was disconnected, or can be removed."""
    read = {name for service in platform.services for file in service.files for name in file.secrets}
    providers = json.dumps(platform.document.get("provider", {}))
    for secret in platform.declared.secrets:
        if secret.name not in read and secret.reference not in providers:
            yield Finding(
                path=secret.path,
                what=f"{secret.owner} secret {secret.name} is read by no service",
                cause="either its reader lacks it, or it is no longer needed",
                fix="mount it where it is needed (service.reads(...)), or remove it from layers/secrets.py",
            )


def secrets_have_an_owner(platform: Platform) -> Iterator[Finding]:
    """What a file refers to is declared in the same stack."""
    known = {f"{each.address}.result" for each in platform.inventory.of_type("random_password")}
    known |= {f"var.{name}" for name in platform.document.get("variable", {})}
    for resource in platform.inventory.of_type("docker_secret"):
        for reference in references_in(template_of(resource, platform.inventory)):
            if reference not in known:
                yield Finding(
                    path=resource.owner,
                    what=f"refers to {reference}",
                    cause="no secret of that name is declared, so Terraform would refuse the plan",
                    fix="declare it in layers/secrets.py, as generated or supplied",
                )


def files_are_read(platform: Platform) -> Iterator[Finding]:
    """A config or secret on the engine that no service mounts."""
    mounted = {file.address for service in platform.services for file in service.files}
    for kind in ("docker_config", "docker_secret"):
        for resource in platform.inventory.of_type(kind):
            if resource.address not in mounted:
                name = resource.address.partition(".")[2]
                yield Finding(
                    path=resource.owner,
                    what=f"{kind.removeprefix('docker_')} {name} is read by no service",
                    cause="either its reader lacks it, or it is no longer needed",
                    fix="mount it: service.reads(file, at=...), or remove it",
                )
    for file in (file for service in platform.services for file in service.files):
        if file.address not in platform.inventory.resources:
            yield Finding(
                path=f"{platform.settings.services_stack}: {file.at}",
                what=f"is {file.address}",
                cause="the stack has no such file, so Terraform would refuse the plan",
                fix="declare the SwarmConfig or SwarmSecret in the same stack",
            )


def secrets_are_in_secrets(platform: Platform) -> Iterator[Finding]:
    """Not where anybody may look: command, arguments, variables, labels, health checks, configs."""
    for service in platform.services:
        shown: dict[str, Any] = {
            "command": service.command,
            "args": service.args,
            "env": dict(service.environment),
            "healthcheck": vars(service.health_check),
            "hostname": service.hostname,
            "labels": dict(service.labels),
        }
        for place, value in shown.items():
            if any(_VISIBLE.search(text) for text in _texts(value)):
                yield _exposed(f"{service.path}: {place}", "docker service inspect")
    for config in platform.inventory.of_type("docker_config"):
        text = str(config.values.get("data") or "")
        if "${" in text or _VISIBLE.search(text_of(config, platform.inventory, {})):
            yield _exposed(config.owner, "docker config inspect")
    for text in _texts(dict(platform.document)):
        if "@@secret:" in text:
            yield _exposed(platform.settings.services_stack, "the plan")


def supplied_secrets_can_be_used(platform: Platform) -> Iterator[Finding]:
    """Supplied secrets are for servers outside the swarm: their readers can reach the internet."""
    supplied = {secret.name for secret in platform.declared.secrets if secret.owner == "supplied"}
    for service in platform.services:
        used = sorted({name for file in service.files for name in file.secrets} & supplied)
        if used and not platform.reaches_internet(service):
            yield Finding(
                path=service.path,
                what=f"reads {', '.join(used)}",
                cause="the secret is for a server outside the swarm, but the service has internal networks only",
                fix=f"call {service.short_name}.reaches_internet(because=...)",
            )


def _exposed(path: str, where: str) -> Finding:
    return Finding(
        path=path,
        what="has a secret value, or a reference to one, in plain text",
        cause=f"{where} would show it to anyone with access",
        fix="put it into a SwarmSecret and let the program read the file",
    )


def _texts(value: Any) -> Iterator[str]:
    """All texts inside of JSON."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
