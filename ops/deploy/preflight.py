"""Everything that would make a deploy fail, found before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.check import runner
from ops.check.finding import Finding
from ops.check.runner import Checked
from ops.deploy import prerequisites
from ops.deploy.placement import without_a_node
from ops.errors import Obstacle, OpsError
from ops.model.services import services_of
from ops.model.state import ids_in
from ops.swarm.engine import Swarm
from ops.swarm.nodes import SwarmNodes
from ops.terraform.leftovers import leftovers
from ops.terraform.missing_values import missing_values
from ops.terraform.target import Target


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the check of all environments means for a deploy of one.

    Args:
        blocking: findings that end the deploy.
        warnings: findings of other environments or of the other stack.
    """

    blocking: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def verdict(environment: str, only: str, say: Callable[[str], None]) -> Verdict:
    """Checks all environments for a deploy of one.

    Args:
        only: ``cloud`` or ``services`` for one of its stacks.
    """
    return judged(runner.check_all(["all"], say), environment, only)


def judged(results: Sequence[Checked], environment: str, only: str) -> Verdict:
    """Tells blocking findings from warnings.

    Blocking are findings of the environment itself, unless they are about the other stack only, and conflicts between
    environments, whichever they are: from one side it is unclear which of the two has to change. Another
    environment's findings are warnings; what another environment's deploy still needs is left out.
    """
    blocking: list[Finding] = []
    warnings: list[Finding] = []
    for result in results:
        own = result.environment == environment
        for finding in result.findings:
            if finding.rule == runner.CONFLICT or (own and (not only or finding.stack in ("", only))):
                blocking.append(finding)
            elif finding.severity == "error":
                warnings.append(finding)
    return Verdict(blocking=tuple(blocking), warnings=tuple(warnings))


def obstacles(target: Target) -> list[Obstacle]:
    """What is in the way on this machine and in the swarm, all at once; empty when the deploy may start."""
    no_terraform = list(prerequisites.terraform())
    values = missing_values([target.document], deploys=target.name, known=target.variables)
    found = [*no_terraform, *prerequisites.node(), *(value.obstacle for value in values)]
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
            found += _on_swarm(target, swarm, state)
    except OpsError as error:
        found.append(Obstacle(what=error.problem, fix=error.fix))
    return found


def image_tools() -> list[Obstacle]:
    """What building images from packages lacks, except the engine, which is asked here."""
    from images.builder import tools

    return [
        Obstacle(what=f"images cannot be built without {missing.what}", fix=missing.fix)
        for missing in tools.missing_programs(root_image=False)
    ]


_PROVIDERS = (
    "Terraform needs its registry, or the providers where `terraform init` finds them locally, and the state"
)


def _on_swarm(target: Target, swarm: Swarm, state: Mapping[str, Any]) -> Iterator[Obstacle]:
    membership = swarm.membership()
    ours = ids_in(state)
    if target.is_here:
        yield from prerequisites.own_swarm(membership)
    else:
        yield from prerequisites.managed_swarm(membership, target.settings.engine.host)
    active = membership.get("LocalNodeState") == "active" and membership.get("ControlAvailable")
    if active:
        left = leftovers(target.wanted, state, swarm, shared=target.state_file is None)
        ours |= {each.id for each in left}
    if active and target.is_here:
        yield from prerequisites.foreign_services(swarm, target.wanted, ours)
    if active:
        yield from without_a_node(target.settings, services_of(target.wanted), SwarmNodes(swarm).all())
    yield from prerequisites.taken_names(swarm, target.wanted, ours, in_swarm=bool(active))
    if target.is_here:
        yield from prerequisites.taken_ports(swarm, target.wanted, ours, in_swarm=bool(active))
