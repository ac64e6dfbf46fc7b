"""Switches an environment off, and removes it for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.deploy import prerequisites
from ops.errors import OpsError, Refused, WrongUse
from ops.model.state import Resource, resources_of
from ops.paths import STATE
from ops.swarm import local
from ops.swarm.engine import Swarm
from ops.terminal import screen
from ops.terraform import secrets, stack_outputs
from ops.terraform.apply import apply
from ops.terraform.target import Target, targets_of


def down(environment: str, *, parallelism: int) -> None:
    """Removes services, networks, configs and secrets; keeps data and the generated values that open it."""
    target, has_cloud = _reachable(environment)
    if not _resources(target):
        screen.err.print(f"{environment} has no state: nothing is deployed")
        return
    if not apply(target, parallelism=parallelism):
        screen.err.print("nothing to switch off")
    with target.swarm() as swarm:
        swarm.wait_for_removed_tasks()
    left = _resources(target)
    volumes = sorted(r["values"]["name"] for r in left if r["type"] == "docker_volume")
    values = sum(r["type"] == "random_password" for r in left)
    screen.err.print(
        f"{environment} is off; {len(volumes)} volumes and {values} generated values stay for the next make up"
    )
    if has_cloud:
        screen.err.print(
            "its droplets, volumes and addresses stand and cost what they did: only services are switched off; "
            "to destroy them too, docs/runbooks/destroy-data.md"
        )


def purge(environment: str, *, parallelism: int) -> None:
    """Removes everything: services, data, generated values, state, the swarm if a deploy started it, the registry.

    Only where the state is a file on this machine: other environments keep their data on volumes that no command here
    deletes.
    """
    target, has_cloud = _reachable(environment)
    if target.state_file is None or has_cloud:
        raise WrongUse(
            f"{environment} has a cloud, and purge is for environments on one machine only",
            fix=f"make down ENV={environment} switches it off; docs/runbooks/destroy-data.md has the steps for the rest",
        )
    resources = _resources(target)
    if resources:
        apply(target, parallelism=parallelism)
        with target.swarm() as swarm:
            swarm.wait_for_removed_tasks()
        apply(target, parallelism=parallelism, destroy=True)
    with target.swarm() as swarm:
        _verify(swarm, resources)
    _stop_what_a_deploy_started(target)
    _delete_state(target)
    screen.err.print(f"{environment} is gone: nothing of it is left on this machine but built images")


def _reachable(environment: str) -> tuple[Target, bool]:
    """The stack of services, and whether there is a cloud under it."""
    with screen.doing() as say:
        say(f"synthesizing {environment}, switched off")
        targets = targets_of(environment, off=True)
        target = stack_outputs.with_cloud_outputs(targets)
        found = list(prerequisites.tools(locks=target.state_file is None))
        found += secrets.missing(target.document, known=target.variables)
        if found:
            raise Refused(f"{environment} cannot be switched off", found)
        say("terraform init")
        target.terraform.init()
        with target.swarm():
            pass
    return target, targets.cloud is not None


def _resources(target: Target) -> list[Resource]:
    return resources_of(target.terraform.state())


def _verify(swarm: Swarm, resources: list[Mapping[str, Any]]) -> None:
    left = sorted(_leftovers(swarm, resources))
    if left:
        raise OpsError(
            f"still there after the purge: {', '.join(left)}",
            fix="run make purge again; the state was kept for that",
        )


def _leftovers(swarm: Swarm, resources: list[Mapping[str, Any]]) -> Iterator[str]:
    stands = swarm.membership().get("LocalNodeState") == "active"
    kinds = ("network", "volume", "config", "secret") if stands else ("network", "volume")
    existing = {kind: set(swarm.names(kind).values()) for kind in kinds}
    existing["service"] = {service.id for service in swarm.services()} if stands else set()
    for resource in resources:
        kind = resource["type"].removeprefix("docker_")
        if resource["values"].get("id") in existing.get(kind, ()):
            yield f"{kind} {resource['values'].get('name')}"


def _delete_state(target: Target) -> None:
    file = target.state_file
    if file is not None:
        for path in (file, file.with_name(file.name + ".backup")):
            path.unlink(missing_ok=True)
        for folder in (file.parent, file.parent.parent):
            if folder.is_relative_to(STATE) and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _stop_what_a_deploy_started(target: Target) -> None:
    with target.swarm() as swarm:
        if local.end_if_ours(swarm):
            screen.err.print("left the swarm that make up had started")
    if target.builds_images:
        from images.builder.registry import Registry, chosen_port

        if Registry(chosen_port()).stop():
            screen.err.print(
                "stopped the registry; its data stays in the cache: python -m images clean --all"
            )
