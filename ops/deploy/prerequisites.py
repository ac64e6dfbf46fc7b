"""What a deploy needs of this machine and the swarm before Terraform starts; everything missing is named at once."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.errors import Obstacle
from ops.model.inventory import Inventory
from ops.model.services import services_of
from ops.programs import PROGRAMS
from ops.swarm import ports
from ops.swarm.engine import Swarm
from ops.terraform.missing_values import state_credentials
from ops.terraform.runner import program
from ops.terraform.target import Target

OLDEST_TERRAFORM = (1, 6)
"""The first that knows the S3 backend's settings for DigitalOcean Spaces."""

_KINDS = {
    "docker_service": "service",
    "docker_network": "network",
    "docker_volume": "volume",
    "docker_config": "config",
}


OLDEST_THAT_LOCKS = (1, 10)
"""The first whose S3 backend locks with a file of its own (``use_lockfile``); OpenTofu has it from 1.10 too."""


def tools(*, locks: bool = False) -> Iterator[Obstacle]:
    """Programs that a deploy needs.

    Args:
        locks: the state is in a bucket, so that Terraform must be able to lock it there.
    """
    yield from terraform(locks=locks)
    yield from node()


def terraform(*, locks: bool = False) -> Iterator[Obstacle]:
    """Terraform in a supported version."""
    needed = OLDEST_THAT_LOCKS if locks else OLDEST_TERRAFORM
    how = "https://developer.hashicorp.com/terraform/install"
    oldest = ".".join(map(str, needed))
    if shutil.which(program()) is None:
        yield Obstacle(what=f"Terraform {oldest} or newer is not installed{_by_another_name()}", fix=how)
    elif (version := _terraform_version()) == (0, 0):
        yield Obstacle(
            what=f"{program()} version -json does not print a version{_by_another_name()}", fix=how
        )
    elif version < needed:
        yield Obstacle(
            what=f"Terraform {'.'.join(map(str, version))} is too old: {oldest} or newer is needed", fix=how
        )


def node() -> Iterator[Obstacle]:
    """What synthesis runs on."""
    if shutil.which("node") is None:
        yield PROGRAMS["node"].missing


def state_access(target: Target) -> list[Obstacle]:
    """Credentials that reading this stack's state needs and the shell does not have."""
    return [value.obstacle for value in state_credentials(target.document)]


def own_swarm(membership: Mapping[str, Any]) -> Iterator[Obstacle]:
    """For an environment on this machine's engine: no swarm yet, or one of this one node that it manages."""
    state = membership.get("LocalNodeState")
    if state == "inactive":
        return
    if state != "active":
        yield Obstacle(
            what=f"the engine's swarm state is {state}",
            fix="run docker swarm leave --force, or unlock the swarm",
        )
    elif not membership.get("ControlAvailable"):
        yield Obstacle(
            what="this engine is a worker of another swarm",
            fix="run docker swarm leave, or use another machine",
        )
    elif membership.get("Nodes") != 1:
        yield Obstacle(
            what=f"this engine's swarm has {membership.get('Nodes')} nodes; this environment needs a swarm of one",
            fix="use a machine that is in no swarm",
        )


def managed_swarm(membership: Mapping[str, Any], host: str) -> Iterator[Obstacle]:
    """For an environment on other machines: the engine is a manager of an active swarm."""
    if membership.get("LocalNodeState") != "active" or not membership.get("ControlAvailable"):
        yield Obstacle(
            what=f"the engine at {host} is not a manager of a swarm", fix="deploy the cloud stack first"
        )


def foreign_services(swarm: Swarm, wanted: Inventory, ours: set[str]) -> Iterator[Obstacle]:
    """Services that are neither in Terraform's state nor declared."""
    own_names = {service.name for service in services_of(wanted)}
    names = sorted(s.name for s in swarm.services() if s.id not in ours and s.name not in own_names)
    if names:
        yield Obstacle(
            what=f"the swarm runs services that this environment does not declare: {', '.join(names)}",
            fix="use a machine whose swarm is empty, or remove them: docker service rm " + " ".join(names),
        )


def taken_names(swarm: Swarm, wanted: Inventory, ours: set[str], *, in_swarm: bool) -> Iterator[Obstacle]:
    """Services, networks, volumes and configs of a declared name that exist and are not ours.

    The provider would adopt a service or volume of that name silently, and fail on the others half way.
    """
    for type_, kind in _KINDS.items():
        existing = _existing(swarm, kind, in_swarm)
        names = [str(resource.values.get("name")) for resource in wanted.of_type(type_)]
        taken = [name for name in names if name in existing and existing[name] not in ours]
        if taken:
            yield _taken(kind, taken)


def _existing(swarm: Swarm, kind: str, in_swarm: bool) -> Mapping[str, str]:
    """Id by name; services and configs exist in a swarm only."""
    if not in_swarm and kind in ("service", "config"):
        return {}
    if kind == "service":
        return {service.name: service.id for service in swarm.services()}
    return swarm.names(kind)


def taken_ports(swarm: Swarm, wanted: Inventory, ours: set[str], *, in_swarm: bool) -> Iterator[Obstacle]:
    """Ports of this machine that services publish and that something else listens on."""
    running = {service.name for service in swarm.services() if service.id in ours} if in_swarm else set()
    for service in services_of(wanted):
        for port in (each.published for each in service.published):
            if service.name in running or not ports.is_taken(port):
                continue
            containers = swarm.containers_publishing(port)
            by = f"container {containers[0]}" if containers else ports.listener(port)
            yield Obstacle(
                what=f"port {port}, which {service.name} publishes, is in use by {by}", fix="stop that first"
            )


def unresolved(wanted: Inventory) -> Iterator[Obstacle]:
    """Images without a digest."""
    by_image: dict[str, list[str]] = {}
    for service in services_of(wanted):
        if service.image.is_unresolved:
            by_image.setdefault(f"{service.image.name}:{service.image.tag}", []).append(service.name)
    if by_image:
        lines = [
            f"    {image} of {', '.join(sorted(services))}" for image, services in sorted(by_image.items())
        ]
        have = "1 image has" if len(lines) == 1 else f"{len(lines)} images have"
        yield Obstacle(
            what="\n".join([f"{have} no digest yet (unresolved):", *lines]),
            fix="run python -m ops images resolve where the registry can be reached, and commit images.lock.yaml",
        )


def _taken(kind: str, names: Sequence[str]) -> Obstacle:
    some = f"{kind} {names[0]} exists" if len(names) == 1 else f"{kind}s {', '.join(names)} exist"
    if kind == "volume":
        fix = f"docker volume rm {' '.join(names)} (deletes their data)"
    else:
        fix = "if another checkout of this repository deployed them, switch that off there: make down"
    return Obstacle(
        what=f"{some} already, but not in Terraform's state",
        fix=f"if the state was lost, restore it (docs/runbooks/restore-the-state.md); {fix}",
    )


def _by_another_name() -> str:
    return "" if program() == "terraform" else f" (TERRAFORM_BINARY_NAME asks for {program()})"


def _terraform_version() -> tuple[int, int]:
    try:
        run = subprocess.run(
            [program(), "version", "-json"], capture_output=True, text=True, timeout=60, check=False
        )
        text = str(json.loads(run.stdout)["terraform_version"])
    except (ValueError, KeyError, TypeError, OSError, subprocess.TimeoutExpired):
        return (0, 0)
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
