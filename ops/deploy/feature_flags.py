"""Whether a running RabbitMQ has enabled what the next version requires."""

from __future__ import annotations

import json

from ops.errors import Obstacle
from ops.nodes.engines import engines
from ops.swarm.containers import Tasks
from ops.terraform.target import Target

LIST = ("rabbitmqctl", "--quiet", "--formatter", "json", "list_feature_flags", "name", "state", "stability")
ENABLE = "rabbitmqctl enable_feature_flag all"


def obstacles(target: Target, service: str) -> list[Obstacle]:
    """Why the broker must not be upgraded yet: stable feature flags that are not enabled, or no broker to ask.

    The next version does not start without those that it requires, and nothing can enable them then (release notes of
    RabbitMQ 4.0 and 4.3).

    Args:
        service: its name on the swarm.
    """
    with engines(target) as (manager, *others):
        return _obstacles(Tasks(manager, *others), service)


def enable(tasks: Tasks, service: str) -> list[Obstacle]:
    """Enables all stable feature flags of a running broker; what :func:`obstacles` says afterwards."""
    container = tasks.container(service)
    if container is not None:
        done = tasks.run(container, *ENABLE.split())
        if done.code:
            said = " ".join(done.output.split())[:200]
            return [_cannot_be_asked(service, f"{ENABLE} ended with {done.code}: {said}")]
    return _obstacles(tasks, service)


def _obstacles(tasks: Tasks, service: str) -> list[Obstacle]:
    container = tasks.container(service)
    if container is None:
        return [_cannot_be_asked(service, "it has no running task")]
    done = tasks.run(container, *LIST)
    if done.code:
        said = " ".join(done.output.split())[:200]
        return [_cannot_be_asked(service, f"rabbitmqctl ended with {done.code}: {said}")]
    missing = not_enabled(done.output)
    if not missing:
        return []
    return [
        Obstacle(
            what=f"{service} has feature flags that are not enabled: {', '.join(missing)}; "
            "the next version may not start without them",
            fix=f"enable them while this version runs, in its container: {ENABLE}",
        )
    ]


def not_enabled(listed: str) -> list[str]:
    """Stable flags that are not enabled, in what :data:`LIST` prints. Experimental ones are never required."""
    flags = json.loads(listed)
    return sorted(
        flag["name"] for flag in flags if flag["stability"] == "stable" and flag["state"] != "enabled"
    )


def _cannot_be_asked(service: str, why: str) -> Obstacle:
    return Obstacle(
        what=f"whether {service} has enabled its feature flags cannot be told: {why}",
        fix=f"deploy the version that it had, wait until it runs, then in its container: {ENABLE}",
    )
