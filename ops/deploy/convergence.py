"""Waits until the services of an environment have converged."""

from __future__ import annotations

from collections.abc import Mapping

from ops.errors import OpsError
from ops.model.services import services_of
from ops.swarm.missing_servers import missing_servers, sentence
from ops.swarm.tasks import wait_until_converged
from ops.terminal import screen
from ops.terraform.target import Target

TIMEOUT_S = 180.0


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
            missing = missing_servers(services_of(target.wanted), watch.reasons, swarm)
            reasons = [
                "; ".join(
                    [f"{name}: {trouble.reason}", *([sentence(missing[name])] if name in missing else [])]
                )
                for name, trouble in sorted(watch.reasons.items())
            ]
            raise OpsError("\n  ".join([error.problem, *reasons])) from None
    screen.err.print(f"{len(names)} services converged; no task restarted for {stable_s:g} s")
