"""All that stands in the way of a deploy, found before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ops.deploy import prerequisites
from ops.errors import Obstacle, OpsError
from ops.model.state import ids_in
from ops.swarm.engine import Swarm
from ops.terraform import secrets
from ops.terraform.target import Target


def obstacles(target: Target) -> list[Obstacle]:
    """Everything at once; empty when the deploy may start."""
    no_terraform = list(prerequisites.terraform())
    found = [*no_terraform, *prerequisites.node(), *secrets.missing(target.document, known=target.variables)]
    found += image_tools() if target.builds_images else prerequisites.unresolved(target.wanted)
    state: Mapping[str, Any] = {}
    if not no_terraform:
        try:
            target.terraform.init()
            state = target.terraform.state()
        except OpsError as error:
            found.append(Obstacle(what=error.problem, fix=_PROVIDERS))
    try:
        with target.swarm() as swarm:
            found += _on_swarm(target, swarm, ids_in(state))
    except OpsError as error:
        found.append(Obstacle(what=error.problem, fix=error.fix))
    return found


def image_tools() -> list[Obstacle]:
    """What the builder of images from packages lacks, but for the engine, which is looked at here."""
    from images.builder import tools

    return [
        Obstacle(what=f"images cannot be built without {missing.what}", fix=missing.fix)
        for missing in tools.missing_programs(root_image=False)
    ]


_PROVIDERS = (
    "Terraform needs its registry, or the providers where `terraform init` finds them locally, and the state"
)


def _on_swarm(target: Target, swarm: Swarm, ours: set[str]) -> Iterator[Obstacle]:
    membership = swarm.membership()
    if target.is_here:
        yield from prerequisites.own_swarm(membership)
    else:
        yield from prerequisites.managed_swarm(membership, target.settings.engine.host)
    stands = membership.get("LocalNodeState") == "active" and membership.get("ControlAvailable")
    if stands and target.is_here:
        yield from prerequisites.foreign_services(swarm, target.wanted, ours)
    yield from prerequisites.taken_names(swarm, target.wanted, ours, in_swarm=bool(stands))
    if target.is_here:
        yield from prerequisites.taken_ports(swarm, target.wanted, ours, in_swarm=bool(stands))
