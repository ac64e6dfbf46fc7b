"""Services that do not have all their tasks, or whose tasks keep ending."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.doctor.rules import placement, task_failure
from ops.model.service import Service
from ops.swarm.engine import RunningService, Task
from ops.terminal.amounts import span
from ops.terminal.counted import counted

HISTORY_S = 15 * 60.0
"""Failures before that say nothing about now."""
LEAST_RUN_S = 60.0
"""A task that has run this long, and twice as long as those before it, has left its crash loop."""


def services_without_tasks(facts: Facts) -> Iterator[Finding]:
    """Every chosen service that is not there, lacks tasks, or whose tasks keep ending."""
    if not facts.only and not facts.declared.keys() & facts.running.keys():
        yield Finding(
            kind="not-deployed",
            about=f"environment {facts.name}",
            cause=f"none of its {counted(len(facts.declared), 'service')} is on the swarm: it was never deployed, or is switched off",
            next=f"make up ENV={facts.name}",
        )
        return
    for service in facts.chosen:
        there = facts.running.get(service.name)
        yield from _missing(service, facts) if there is None else _lacking(service, there, facts)


def _missing(service: Service, facts: Facts) -> Iterator[Finding]:
    if service.replicas:
        yield Finding(
            kind="missing",
            about=f"service {service.name}",
            cause="the code declares it, and the swarm does not have it: its first start failed, or somebody removed it",
            next=facts.ops("deploy"),
        )


def _lacking(service: Service, there: RunningService, facts: Facts) -> Iterator[Finding]:
    about, working = f"service {service.name}", len(facts.working(service.name))
    if service.mode == "replicated" and there.replicas < service.replicas:
        yield Finding(
            kind="scaled-down",
            about=about,
            cause=f"somebody scaled it from {service.replicas} to {there.replicas}, or a restore was cut off",
            evidence=(
                f"{working} running, {there.replicas} wanted by the swarm, {service.replicas} declared",
            ),
            next=facts.ops("deploy"),
            answers=working > 0,
        )
    elif working < there.replicas:
        yield _why(service, there, working, facts)
    elif loop := _loop(service, facts):
        yield loop
    elif there.went_back:
        yield Finding(
            kind="update-failed",
            about=about,
            cause=f"its last update failed, and the swarm says {there.update}: it does not run what was deployed",
            evidence=_last_failure(service, facts),
            next=facts.log_of(service.name, "1h"),
        )


def _why(service: Service, there: RunningService, working: int, facts: Facts) -> Finding:
    """Why it has too few running tasks."""
    counts = f"{working} of {counted(there.replicas, 'task')} running"
    coming, failures = (
        facts.coming(service.name),
        facts.failures(service.name, HISTORY_S, of_this_version=True),
    )
    if coming and coming.waits:
        return placement.finding(service, coming, counts, facts, answers=working > 0)
    if failures:
        return task_failure.finding(service, failures, counts, facts, answers=working > 0)
    if coming:
        return _starting(service, coming, counts, facts, answers=working > 0)
    return Finding(
        kind="no-task",
        about=f"service {service.name}",
        cause="the swarm has started no task for it, and does not say why: its managers may lack a leader",
        evidence=(counts,),
        next=facts.on_manager("docker", "service", "ps", "--no-trunc", service.name),
        answers=working > 0,
    )


def _starting(service: Service, task: Task, counts: str, facts: Facts, *, answers: bool) -> Finding:
    printed = facts.beyond_its_error(task).removeprefix("; ")
    where = f" on {facts.node_name(task.node)}" if task.node else ""
    does = {
        "preparing": "pulls its image",
        "starting": "has started, and its health check has not passed yet",
    }.get(task.state, f"is {task.state}")
    return Finding(
        kind="starting",
        about=f"service {service.name}",
        cause=f"its task{where} {does}, since {span(facts.age_s(task))}",
        evidence=(counts, *((printed,) if printed else ()), *facts.last_words(task)),
        next=facts.log_of(service.name),
        follows=facts.follows(service),
        answers=answers,
    )


def _loop(service: Service, facts: Facts) -> Finding | None:
    """Tasks that run at this moment, and ended again and again until now."""
    failures = facts.failures(service.name, HISTORY_S, of_this_version=True)
    if len(failures) < 2:
        return None
    between_s = facts.age_s(failures[1]) - facts.age_s(failures[0])
    ages = [facts.age_s(task) for task in facts.working(service.name)]
    runs_s = min(ages, default=0)
    if runs_s > max(LEAST_RUN_S, 2 * between_s):
        return None
    stays = any(age > facts.age_s(failures[-1]) for age in ages)
    return task_failure.finding(service, failures, f"runs again since {span(runs_s)}", facts, answers=stays)


def _last_failure(service: Service, facts: Facts) -> tuple[str, ...]:
    failed = [task for task in facts.history(service.name) if task.failed]
    return (
        (failed[0].reason + facts.beyond_its_error(failed[0]), *facts.last_words(failed[0])) if failed else ()
    )
