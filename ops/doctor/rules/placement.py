"""Why no node takes a task. The engine only counts nodes; this says which label, how much memory, which port."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding, Kind
from ops.model.constraint import all_met, met_by_none
from ops.model.service import Service
from ops.swarm.engine import Task
from ops.swarm.nodes import SwarmNode
from ops.terminal.amounts import size


def finding(service: Service, task: Task, counts: str, facts: Facts, *, answers: bool) -> Finding:
    """What keeps a waiting task from every node.

    Args:
        answers: whether another task of it runs.
    """
    live = facts.live[service.name].service
    causes = [
        *_by_label(live, facts),
        *_by_memory(live, task, facts),
        *_by_port(live, task, facts),
        *_by_number(live, task, facts),
    ]
    kind, cause, next_, follows = (
        causes[0]
        if causes
        else (
            "no-node",
            "no node takes its task",
            facts.on_manager("docker", "node", "ls"),
            _lost(facts.nodes),
        )
    )
    return Finding(
        kind=kind,
        about=f"service {service.name}",
        cause=cause,
        evidence=(counts, task.reason, *_of_nodes(facts)),
        next=next_,
        follows=follows,
        answers=answers,
    )


Cause = tuple[Kind, str, str, tuple[str, ...]]
"""Kind, cause, next command, and what it follows from."""


def _by_label(live: Service, facts: Facts) -> Iterator[Cause]:
    fitting = [node for node in facts.nodes if all_met(live.constraints, node.described)]
    if any(node.takes_tasks for node in fitting):
        return
    if fitting:
        names = ", ".join(node.name for node in fitting)
        cause = f"it may run on {names} only, which is down or drained"
        yield "node-lost", cause, facts.on_manager("docker", "node", "ls"), _lost(fitting)
        return
    wanted = met_by_none(live.constraints, [node.described for node in facts.nodes])
    declared = facts.declared[live.name].constraints
    next_ = facts.ops("deploy")
    if set(wanted) <= set(declared) and facts.targets.cloud is not None:
        next_ = facts.ops("ready", "--write")
    changed = "" if set(wanted) <= set(declared) else ", which the code does not ask for"
    yield "no-node", f"no node has {' and '.join(wanted)}{changed}", next_, ()


def _by_memory(live: Service, task: Task, facts: Facts) -> Iterator[Cause]:
    if "insufficient resources" not in task.error:
        return
    wants = f"{size(live.reservation.memory_bytes)} of memory and {live.reservation.nano_cpus / 1e9:g} CPUs"
    declared = facts.declared[live.name].reservation
    changed = live.reservation != declared
    more = f", which the code does not ask for ({size(declared.memory_bytes)})" if changed else ""
    next_ = facts.ops("deploy") if changed else facts.ops("check")
    yield "no-memory", f"it reserves {wants}, more than any node that it may run on has left{more}", next_, ()


def _by_port(live: Service, task: Task, facts: Facts) -> Iterator[Cause]:
    if "port already in use" not in task.error:
        return
    wanted = {each.published for each in live.published}
    others = [
        f"{other.service.name} ({', '.join(map(str, sorted(taken)))})"
        for name, other in facts.live.items()
        if name != live.name and (taken := wanted & {each.published for each in other.service.published})
    ]
    ports = ", ".join(map(str, sorted(wanted)))
    who = " and ".join(others) or "another task of its own"
    yield (
        "port-taken",
        f"port {ports} of every node that it may run on is taken by {who}",
        facts.ops("drift"),
        (),
    )


def _by_number(live: Service, task: Task, facts: Facts) -> Iterator[Cause]:
    if "max replicas" in task.error:
        cause = f"it may have {live.max_per_node} on a node, and there are too few nodes for {live.replicas}"
        yield "no-node", cause, facts.on_manager("docker", "node", "ls"), ()


def _lost(nodes: list[SwarmNode]) -> tuple[str, ...]:
    return tuple(f"node {node.name}" for node in nodes if not node.takes_tasks)


def _of_nodes(facts: Facts) -> Iterator[str]:
    alive = [
        task
        for tasks in (facts.history(name) for name in facts.running)
        for task in tasks
        if task.wanted == "running"
    ]
    for node in facts.nodes:
        reserved = sum(task.memory_reservation for task in alive if task.node == node.id)
        left = f"{size(max(0, node.memory_bytes - reserved))} of {size(node.memory_bytes)} not reserved"
        labels = ", ".join(f"{name}={value}" for name, value in node.labels) or "no labels"
        yield f"node {node.name}: {node.state}, {node.availability}, {left}, {labels}"
