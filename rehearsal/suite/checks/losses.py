"""A node fails without warning: a worker, or one of three managers."""

from __future__ import annotations

import time

from layers.cloud.nodes import ClusterNode
from ops.model.constraint import Constraint, DescribedNode
from ops.model.inventory import Inventory
from ops.model.services import services_of
from ops.swarm.nodes import SwarmNodes
from rehearsal.suite.check import Check
from rehearsal.suite.health import wait_until_down, wait_until_healthy
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

FAILOVER_S = 180.0


def worker(world: World) -> str:
    """Kills a worker: its services move to the other nodes."""
    return _kill_and_return(world, next(node for node in world.nodes if node.role == "worker"))


def manager(world: World) -> str:
    """Kills a manager that has no public address: the quorum holds."""
    return _kill_and_return(world, world.last_manager)


def _kill_and_return(world: World, node: ClusterNode) -> str:
    pinned = pinned_to(world.services.wanted, node)
    world.say(f"killing {node.name}")
    started = time.monotonic()
    world.box.kill(node.name)
    with world.swarm() as swarm:
        swarm_nodes = SwarmNodes(swarm)
        wait_until_down(world, swarm_nodes, node, within_s=FAILOVER_S)
        noticed_s = time.monotonic() - started
        movable = {service.name for service in services_of(world.services.wanted)} - pinned

        def moved() -> bool:
            here = {m.id for m in swarm_nodes.all() if m.is_up}
            return not _missing(swarm.api, movable, here)

        world.until(FAILOVER_S, moved, f"the {len(movable)} services that may move run on the others")
        left = [m for m in swarm_nodes.all() if m.is_manager and m.is_reachable]
    if len(left) <= len(world.managers) // 2:
        raise CheckFailed(f"only {len(left)} managers are left of {len(world.managers)}")
    moved_s = time.monotonic() - started
    world.say(f"powering {node.name} on again")
    world.box.start(node.name)
    started = time.monotonic()
    wait_until_healthy(world, names=True)
    waited = f", {len(pinned)} waited for it, pinned to its volumes" if pinned else ""
    return (
        f"{node.name}: noticed after {noticed_s:.0f} s, services on the others after {moved_s:.0f} s{waited}; "
        f"converged {time.monotonic() - started:.0f} s after its return"
    )


def _missing(api: object, services: set[str], nodes: set[str]) -> list[str]:
    """Services with fewer running tasks on these nodes than they should have."""
    raw_services = api.services()  # type: ignore[attr-defined]  # docker's own stubs are incomplete
    raw_tasks = api.tasks()  # type: ignore[attr-defined]
    lacking = []
    for raw in raw_services:
        if raw["Spec"]["Name"] not in services:
            continue
        wanted = (raw["Spec"].get("Mode", {}).get("Replicated") or {}).get("Replicas", 0)
        limit = raw["Spec"]["TaskTemplate"].get("Placement", {}).get("MaxReplicas") or 0
        if limit:
            # One per node: one less while a node is away.
            wanted = min(wanted, limit * len(nodes))
        running = sum(
            task.get("ServiceID") == raw["ID"]
            and task.get("NodeID") in nodes
            and (task.get("Status") or {}).get("State") == "running"
            and task.get("DesiredState") == "running"
            for task in raw_tasks
        )
        if running < wanted:
            lacking.append(str(raw["Spec"]["Name"]))
    return lacking


def pinned_to(wanted: Inventory, node: ClusterNode) -> set[str]:
    """Services that can run on this node only, since their data is there; and keepers of these, which begin again elsewhere and
    are done only when the server answers."""
    found, described = set(), DescribedNode(labels=node.labels)
    services = services_of(wanted)
    for service in services:
        for constraint in map(Constraint.parse, service.constraints):
            if constraint.label == "storage" and constraint.equal and constraint.met_by(described):
                found.add(service.name)
    keepers = {f"{name}-keeper" for name in found}
    return found | (keepers & {service.name for service in services})


WORKER_LOST = Check(
    name="worker-lost",
    what="a worker fails: its services run on the others",
    run=worker,
    applies=lambda world: (
        "" if any(n.role == "worker" for n in world.nodes) else "this rehearsal has no worker"
    ),
)
MANAGER_LOST = Check(
    name="manager-lost",
    what="one of three managers fails: quorum kept, services on the others",
    run=manager,
    applies=lambda world: "" if len(world.managers) > 2 else "this rehearsal has one manager",
)
