"""Queues of RabbitMQ that grow, because nobody takes messages from them or too slowly."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.errors import OpsError
from ops.model.service import Service

CTL = ("rabbitmqctl", "--quiet", "--formatter", "json")
HOSTS = (*CTL, "list_vhosts", "name")
"""Each instance has a virtual host of its own, and ``list_queues`` shows one."""


def queues_of(host: str) -> tuple[str, ...]:
    """Lists the queues of a virtual host."""
    return (*CTL, "list_queues", "-p", host, "name", "messages_ready", "consumers")


MOST = 500
"""Messages that wait; the alert's number (layers/data/alerts.yaml)."""
MOST_UNCONSUMED = 100
"""The same where nobody takes any."""


def backlogs(facts: Facts) -> Iterator[Finding]:
    """Every queue with too many waiting messages.

    Raises:
        OpsError: a broker does not list its queues.
    """
    for service in facts.chosen:
        container = facts.tasks.container(service.name) if service.short_name == "rabbitmq" else None
        if container is None:
            continue
        for host in (str(each["name"]) for each in _listed(facts, service, container, HOSTS)):
            for queue in _listed(facts, service, container, queues_of(host)):
                waiting, consumers = int(queue["messages_ready"]), int(queue["consumers"])
                if waiting > (MOST if consumers else MOST_UNCONSUMED):
                    yield _finding(service, str(queue["name"]), waiting, consumers, facts)


def _listed(facts: Facts, service: Service, container: str, words: Sequence[str]) -> list[dict[str, Any]]:
    done = facts.tasks.run(container, *words)
    try:
        listed: list[dict[str, Any]] = json.loads(done.output)
        if all("name" in each for each in listed):
            return listed
    except (ValueError, TypeError):
        pass
    said = " ".join(done.output.split())[:200]
    raise OpsError(f"rabbitmqctl in {service.name} ended with {done.code}: {said}")


def _finding(broker: Service, queue: str, waiting: int, consumers: int, facts: Facts) -> Finding:
    takers = [name for name, service in facts.declared.items() if broker.name in service.servers]
    near = next((name for name in takers if name in queue or queue in name), "")
    why = "its consumers are too slow" if consumers else "nobody takes messages from it"
    return Finding(
        kind="queue-backlog",
        about=f"queue {queue} of service {broker.name}",
        cause=f"{waiting} messages wait in it: {why}",
        evidence=(
            f"{consumers} consumers; services that use the broker: {', '.join(sorted(takers)) or 'none'}",
        ),
        next=facts.log_of(near or broker.name, "1h"),
        follows=tuple(f"service {name}" for name in ([near] if near else takers)),
    )
