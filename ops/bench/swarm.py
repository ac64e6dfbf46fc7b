"""The swarm that benchmarks deploy to: a node of this machine that runs nothing else, and is left as it was found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ops.bench.result import CannotRun
from ops.errors import OpsError
from ops.swarm.engine import Swarm, connected
from ops.swarm.local import ADDRESS
from ops.terminal import screen
from ops.terminal.interrupts import postponing
from ops.waiting import wait_until

PREFIX = "sprocket-bench"
"""What every name of the benchmarks begins with."""
KINDS = ("network", "config", "secret")
REMOVAL_S = 180.0


def engine() -> str:
    """Address of the engine: what ``DOCKER_HOST`` says, else this machine's own."""
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


@contextmanager
def own_swarm(host: str) -> Iterator[Swarm]:
    """A swarm without services, which this engine is in already or which is made for this; without them again afterwards, also on Ctrl-C.

    Raises:
        CannotRun: no engine answers, or it runs services.
    """
    try:
        with connected(host):
            pass
    except OpsError as error:
        raise CannotRun(error.problem) from None
    with connected(host) as swarm:
        membership = swarm.membership()
        active = membership.get("LocalNodeState") == "active"
        if active and not membership.get("ControlAvailable"):
            raise CannotRun("this machine's node is a worker of a swarm; it has to be a manager")
        if active and (running := [service.name for service in swarm.services()]):
            raise CannotRun(
                f"the swarm of this machine is in use by {running[0]} and others, {len(running)} in all; make down ends the local platform"
            )
        if not active:
            swarm.start(ADDRESS)
        try:
            yield swarm
        finally:
            screen.err.print("removing what the benchmarks deployed")
            with postponing(_told):
                remove_all(swarm)
                if not active:
                    swarm.leave()


def remove_all(swarm: Swarm) -> None:
    """Removes what benchmarks deployed, and waits until its containers are gone.

    By the engine and not by Terraform or ``docker stack rm``: the same for both, and what was interrupted goes, too.

    Raises:
        OpsError: something is still in use after three minutes; names it.
    """

    def left() -> list[str]:
        for service in swarm.services():
            if service.name.startswith(PREFIX):
                swarm.remove("service", service.id)
        return [
            name
            for kind in KINDS
            for name, id_ in swarm.names(kind).items()
            if name.startswith(PREFIX) and not swarm.remove(kind, id_)
        ]

    found = wait_until(left, REMOVAL_S, done=lambda names: not names)
    if found:
        raise OpsError(
            f"{', '.join(found)}: still in use {REMOVAL_S:g} s after the services of the benchmark were removed",
            fix=f"remove what begins with {PREFIX} by docker network rm, docker config rm and docker secret rm",
        )
    swarm.wait_for_removed_tasks()


def _told() -> None:
    screen.err.print("still removing what the benchmarks deployed; Ctrl-C again leaves it behind")
