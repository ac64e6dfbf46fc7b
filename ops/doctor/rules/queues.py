"""Queues of RabbitMQ that grow, because nobody takes messages from them or too slowly."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ops.check.rules.queues import consumer_of
from ops.doctor.facts import Facts
from ops.doctor.finding import Finding, Unasked
from ops.errors import OpsError
from ops.model.service import Service
from ops.terminal.counted import counted

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


def backlogs(facts: Facts) -> Iterator[Finding | Unasked]:
    """Every queue with too many waiting messages.

    Raises:
        OpsError: a broker does not list its queues.
    """
    brokers = [each for each in facts.chosen if each.short_name == "rabbitmq" and facts.working(each.name)]
    unasked: dict[str, dict[str, int]] = {}
    for service in brokers:
        container = facts.tasks.container(service.name)
        if container is None:
            unasked.setdefault(facts.why_no_container(service.name), {})[service.name] = 1
            continue
        for host in (str(each["name"]) for each in _listed(facts, service, container, HOSTS)):
            for queue in _listed(facts, service, container, queues_of(host)):
                waiting, consumers = int(queue["messages_ready"]), int(queue["consumers"])
                if waiting > (MOST if consumers else MOST_UNCONSUMED):
                    yield _finding(service, str(queue["name"]), waiting, consumers, facts)
    if unasked:
        yield Unasked(why=unasked, of=len(brokers))


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
    taker = consumer_of(queue, facts.declared.values())
    if taker is None:
        why = "no service that is declared takes from it"
    elif consumers:
        why = f"{taker.name} is too slow"
    else:
        why = f"{taker.name} should take them, and nobody does"
    return Finding(
        kind="queue-backlog",
        about=f"queue {queue} of service {broker.name}",
        cause=f"{waiting} messages wait in it: {why}",
        evidence=(f"{counted(consumers, 'consumer')}",),
        next=facts.log_of(taker.name if taker else broker.name, "1h"),
        follows=(f"service {taker.name}", *facts.follows(taker)) if taker else (),
    )
