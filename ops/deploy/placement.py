"""Services that no node of the swarm takes: an apply would wait for them until its time-out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layers.settings.environment import Environment
from ops.check.placement import fulfils
from ops.errors import Obstacle
from ops.model.constraint import all_met, met_by_none
from ops.model.service import Service
from ops.swarm.nodes import SwarmNode


def without_a_node(
    settings: Environment, services: Sequence[Service], nodes: Sequence[SwarmNode]
) -> Iterator[Obstacle]:
    """One for each set of constraints that no node meets. A node that is down may come back, and counts.

    Such as those of a release from before services were placed by labels that managers set: nodes have no labels of engines any more
    (docs/decisions/0028-a-worker-is-worth-little.md).
    """
    up = {node.name for node in nodes if node.is_up}
    # A replaced node leaves its old entry behind, with its labels.
    present = [node for node in nodes if node.is_up or node.name not in up]
    waiting: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for service in services:
        if not any(all_met(service.constraints, node.described) for node in present):
            unmet = met_by_none(service.constraints, [node.described for node in present])
            key = tuple(unmet), _fix(settings, service)
            waiting.setdefault(key, []).append(service.name)
    for (constraints, fix), names in waiting.items():
        yield Obstacle(
            what=f"{', '.join(sorted(names))} would wait forever: no node has {' and '.join(constraints)}; "
            f"there are {', '.join(map(_shown, present)) or 'none'}",
            fix=fix,
        )


def _fix(settings: Environment, service: Service) -> str:
    file = f"environments/{settings.name}.yaml"
    if settings.cloud and any(fulfils(pool, service.constraints) for pool in settings.nodes.values()):
        return f"set the labels that {file} declares: python -m ops ready --env {settings.name} --write"
    change = (
        f"change under nodes in {file} what the nodes have, or what the services are placed by, and deploy"
        if settings.cloud
        else "give a node what they ask for (a label: docker node update --label-add NAME=VALUE NODE), or place the services otherwise"
    )
    return f"{change}; instead of an earlier release, choose a later one: python -m ops releases --env {settings.name}"


def _shown(node: SwarmNode) -> str:
    labels = [f"node.labels.{name}={value}" for name, value in node.labels]
    labels += [f"engine.labels.{name}={value}" for name, value in node.engine_labels]
    return f"{node.name} ({', '.join((node.role, *labels)) if labels else f'{node.role}, no labels'})"
