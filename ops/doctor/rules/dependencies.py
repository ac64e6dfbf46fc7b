"""Dependencies that a service of the application reports as broken in its own ``/healthz``."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding, Unasked
from ops.model.service import Service
from ops.smoke.checks_dependencies import PLATFORM, UNUSED, reported_by

_ASKS = "command -v curl || command -v wget"
"""What :meth:`ops.swarm.containers.Tasks.get` needs; without it no answer is none."""


def reported(facts: Facts) -> Iterator[Finding | Unasked]:
    """Each that does not work, in the words of the service that needs it. Not every program reports any."""
    asked, unasked = 0, dict[str, int]()
    for service in facts.chosen:
        if service.layer != PLATFORM or service.name.rpartition("-")[2] in UNUSED:
            continue
        if not facts.working(service.name):
            continue
        asked += 1
        found = reported_by(facts.tasks, service)
        if found is None and not _can_ask(service, facts):
            unasked[service.name] = 1
        for each in found or ():
            if each.error:
                yield Finding(
                    kind="dependency",
                    about=f"service {service.name}",
                    cause=f"it cannot use {each.name} at {each.target}",
                    evidence=(f"its /healthz says: {each.error}",),
                    next=facts.log_of(service.name),
                    follows=facts.follows(service),
                )
    if unasked:
        yield Unasked(why={"nothing inside its task that asks over HTTP": unasked}, of=asked)


def _can_ask(service: Service, facts: Facts) -> bool:
    container = facts.tasks.container(service.name)
    return container is not None and facts.tasks.run(container, "/bin/sh", "-c", _ASKS).code == 0
