"""Waits until the services of an environment have converged."""

from __future__ import annotations

from collections.abc import Mapping

from ops.errors import OpsError
from ops.swarm.tasks import wait_until_converged
from ops.terminal import screen
from ops.terraform.missing_servers import missing_servers
from ops.terraform.target import Target

TIMEOUT_S = 180.0


def has_services(target: Target) -> bool:
    """Whether the swarm has any: a platform may be switched off, and then there is nothing to wait for."""
    with target.swarm() as swarm:
        return bool(swarm.services())


def wait_for_convergence(
    target: Target,
    stable_s: float,
    *,
    timeout_s: float = TIMEOUT_S,
    updates: Mapping[str, str] | None = None,
) -> None:
    """Waits until all services run the same tasks for a while; says what is wrong when they do not.

    Args:
        updates: see :func:`wait_until_converged`.
    """
    names = [str(resource.values["name"]) for resource in target.wanted.of_type("docker_service")]
    with target.swarm() as swarm, target.watch() as watch, screen.doing() as say:
        try:
            wait_until_converged(
                swarm, names, stable_s=stable_s, timeout_s=timeout_s, say=say, updates=updates
            )
        except OpsError as error:
            missing = missing_servers(target, watch.reasons)
            reasons = [
                "; ".join(filter(None, (f"{name}: {trouble.reason}", missing.get(name))))
                for name, trouble in sorted(watch.reasons.items())
            ]
            raise OpsError("\n  ".join([error.problem, *reasons])) from None
    screen.err.print(f"{len(names)} services converged; no task restarted for {stable_s:g} s")
