"""Whether the whole platform is healthy: nodes ready, all nodes in the swarm, services converged, data present, names resolved."""

from __future__ import annotations

from collections.abc import Sequence

from ops.errors import OpsError
from ops.nodes.inventory import ClusterNode
from ops.nodes.readiness import node_statuses, wait_until_ready
from ops.swarm.nodes import SwarmNode, SwarmNodes
from ops.swarm.tasks import wait_until_converged
from rehearsal.suite import markers
from rehearsal.suite.names import unresolved
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

READY_S = 240.0
SETTLE_S = 300.0
STABLE_S = 5.0


def wait_until_healthy(world: World, *, names: bool = False) -> None:
    """Waits until the platform is healthy.

    Args:
        names: also check that every task resolves the servers it connects to.

    Raises:
        CheckFailed: something is not healthy; says what.
    """
    wait_until_nodes_ready(world)
    try:
        _wait_until_converged(world)
    except OpsError as error:
        raise CheckFailed(error.problem) from None
    markers.read(world)
    if names and (lost := unresolved(world)):
        raise CheckFailed(f"names that do not resolve: {', '.join(lost)}")


def wait_until_nodes_ready(world: World, nodes: Sequence[ClusterNode] | None = None) -> None:
    """Waits until nodes, all by default, are ready.

    Raises:
        CheckFailed: some are not ready; says what they wait for.
    """
    told: dict[str, str] = {}

    def tell(found: object, seconds: float) -> None:
        for each in found if isinstance(found, list) else []:
            if told.get(each.node) != str(each):
                told[each.node] = str(each)
                world.say(str(each))

    found = wait_until_ready(lambda: node_statuses(world.services, nodes), wait_s=READY_S, tell=tell)
    late = [str(each) for each in found if not each.ready]
    if late:
        raise CheckFailed(f"not ready within {READY_S:g} s: {' | '.join(late)}")


def wait_until_down(world: World, swarm_nodes: SwarmNodes, node: ClusterNode, *, within_s: float) -> None:
    """Waits until the swarm marks a node as down."""
    world.until(
        within_s,
        lambda: any(m.name == node.name and not m.is_up for m in swarm_nodes.all()),
        f"the swarm marks {node.name} as down",
    )


def _wait_until_converged(world: World) -> None:
    """Waits until all nodes are up, and all services have converged without a restart for a while."""
    with world.swarm() as swarm:
        swarm_nodes = SwarmNodes(swarm)
        try:
            world.until(
                120,
                lambda: _complete(world, swarm_nodes),
                "all nodes are up in the swarm, and no old entry is left",
            )
        except CheckFailed as error:
            raise CheckFailed(f"{error}; it has {'; '.join(map(_described, swarm_nodes.all()))}") from None
        names = [str(resource.values["name"]) for resource in world.services.wanted.of_type("docker_service")]
        last: list[str] = []

        def say(text: str) -> None:
            if [text] != last:
                last[:] = [text]
                world.diary.say(f"    {text}", shown=False)

        wait_until_converged(swarm, names, stable_s=STABLE_S, timeout_s=SETTLE_S, say=say)


def _described(node: SwarmNode) -> str:
    words = (node.name, node.role, node.state, node.availability, node.reachability)
    return " ".join(word for word in words if word)


def _complete(world: World, swarm_nodes: SwarmNodes) -> bool:
    found = swarm_nodes.all()
    up = sorted(
        swarm_node.name for swarm_node in found if swarm_node.is_up and swarm_node.availability == "active"
    )
    managers = sorted(swarm_node.name for swarm_node in found if swarm_node.is_reachable)
    return (
        up == sorted(node.name for node in world.nodes)
        and len(found) == len(up)
        and managers == sorted(node.name for node in world.managers)
    )
