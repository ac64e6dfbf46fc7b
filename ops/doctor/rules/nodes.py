"""Nodes that take no tasks."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.nodes.inventory import nodes_of
from ops.swarm.nodes import SwarmNode


def lost_nodes(facts: Facts) -> Iterator[Finding]:
    """Every node that is down, drained, or a manager that the others do not reach; and declared ones that never joined."""
    where = {task.node for service in facts.chosen for task in facts.history(service.name)}
    for node in facts.nodes:
        if not facts.only or node.id in where:
            yield from _lost(node, facts)
    joined = {node.name for node in facts.nodes}
    for declared in nodes_of(facts.target.settings) if not facts.only else ():
        if declared.name not in joined:
            yield Finding(
                kind="node-missing",
                about=f"node {declared.name}",
                cause="the environment declares it, and the swarm does not have it: it has not joined, or was never made",
                evidence=(f"nodes of the swarm: {', '.join(sorted(joined))}",),
                next=facts.ops("ready", "--wait 60"),
            )


def _lost(node: SwarmNode, facts: Facts) -> Iterator[Finding]:
    about = f"node {node.name}"
    evidence = (
        f"{node.role}, {node.state}, {node.availability}" + (f": {node.message}" if node.message else ""),
    )
    if not node.is_up or (node.is_manager and not node.is_reachable):
        yield Finding(
            kind="node-down",
            about=about,
            cause="the managers do not reach it: it is off, or its network is",
            evidence=evidence,
            next=facts.ops("ready") if facts.targets.cloud else facts.on_manager("docker", "node", "ls"),
        )
    elif node.availability != "active":
        yield Finding(
            kind="node-drained",
            about=about,
            cause=f"somebody set it to {node.availability}: the swarm starts no task on it",
            evidence=evidence,
            next=facts.on_manager("docker", "node", "update", "--availability", "active", node.name),
        )
