"""All rules. A rule asks for one kind of symptom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding, Unasked
from ops.doctor.rules import (
    backups,
    certificates,
    clock,
    connections,
    dependencies,
    disks,
    images,
    nodes,
    queues,
    services,
    state_lock,
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One kind of symptom.

    Args:
        asks: what it asks for, in words.
        find: may raise an OpsError where nothing that it asks answers, and gives an Unasked where a part does not.
        is_whole: whether it asks about the environment and about no service.
    """

    asks: str
    find: Callable[[Facts], Iterable[Finding | Unasked]]
    is_whole: bool = False


RULES: tuple[Rule, ...] = (
    Rule(asks="nodes", find=nodes.lost_nodes),
    Rule(asks="tasks of services", find=services.services_without_tasks),
    Rule(asks="connections from inside tasks", find=connections.broken_connections),
    Rule(asks="dependencies that services report", find=dependencies.reported),
    Rule(asks="disks", find=disks.full_disks),
    Rule(asks="clocks", find=clock.wrong_clocks),
    Rule(asks="queues", find=queues.backlogs),
    Rule(asks="certificates", find=certificates.invalid),
    Rule(asks="versions", find=images.other_versions),
    Rule(asks="backups", find=backups.late),
    Rule(asks="the state's lock", find=state_lock.held, is_whole=True),
)
