"""Dependencies that a service of the application reports as broken in its own ``/healthz``."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.smoke.checks_dependencies import PLATFORM, UNUSED, reported_by


def reported(facts: Facts) -> Iterator[Finding]:
    """Each that does not work, in the words of the service that needs it."""
    for service in facts.chosen:
        if service.layer != PLATFORM or service.name.rpartition("-")[2] in UNUSED:
            continue
        for each in reported_by(facts.tasks, service) or ():
            if each.error:
                yield Finding(
                    kind="dependency",
                    about=f"service {service.name}",
                    cause=f"it cannot use {each.name} at {each.target}",
                    evidence=(f"its /healthz says: {each.error}",),
                    next=facts.log_of(service.name),
                    follows=facts.follows(service),
                )
