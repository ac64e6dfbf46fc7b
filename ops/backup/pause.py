"""Services that must not run while a store is read back: stopped, and started as they are declared."""

from __future__ import annotations

from collections.abc import Sequence

from ops.backup.jobs import Job
from ops.backup.world import World
from ops.errors import OpsError
from ops.swarm.replicas import scale, wait_until_stopped
from ops.swarm.tasks import wait_until_converged
from ops.terminal.screen import Say

STOPPED_WITHIN_S = 180.0
"""More than any stop grace."""
STARTED_WITHIN_S = 300.0


class Pause:
    """Stops services and starts them again with the replicas that they are declared with.

    Nothing about it is written down: whatever the swarm has at 0 and the environment declares otherwise was stopped by a
    restore that was cut off, and is started together with the rest.
    """

    def __init__(self, world: World, jobs: Sequence[Job]) -> None:
        self._world = world
        self._declared = {service.name: service.replicas for service in world.services}
        there = {service.name: service.replicas for service in world.swarm.services()}
        self.clients = sorted({name for job in jobs for name in job.clients} & there.keys())
        self.servers = sorted({job.server for job in jobs if job.stops_server} & there.keys())
        self.cut_off = sorted(
            name for name, declared in self._declared.items() if declared and there.get(name) == 0
        )
        """Services that a restore before this one stopped and did not start."""

    @property
    def all(self) -> list[str]:
        """Every service that is started at the end."""
        return sorted({*self.clients, *self.servers, *self.cut_off})

    def stop_clients(self, say: Say) -> None:
        """Stops what connects to the servers, and waits for the end of its tasks."""
        self._stop(self.clients, say)

    def start_cut_off_servers(self, say: Say) -> None:
        """Starts servers that an earlier restore stopped: what they have can be copied only while they run."""
        servers = [name for name in self.servers if name in self.cut_off]
        scale(self._world.swarm, self._as_declared(servers))
        self._wait(servers, 0.0, say)

    def stop_servers(self, say: Say) -> None:
        """Stops servers whose files are replaced below them."""
        self._stop(self.servers, say)

    def start(self, say: Say) -> None:
        """Starts all of them, servers first; does not wait for the clients."""
        self._start(self.servers, say)
        self._wait(self.servers, 0.0, say)
        self._start(self.all, say)

    def undo(self, say: Say) -> None:
        """Starts what this restore stopped; what an earlier one left stopped, on a store that may be half loaded, stays so."""
        for names in (self.servers, self.clients):
            self._start([name for name in names if name not in self.cut_off], say)

    def wait(self, stable_s: float, say: Say) -> None:
        """Waits until they have run the same tasks for a while.

        Raises:
            OpsError: they did not; says why their tasks failed.
        """
        self._wait(self.all, stable_s, say)

    def _start(self, names: Sequence[str], say: Say) -> None:
        if names:
            say(f"starting {', '.join(names)}")
            scale(self._world.swarm, self._as_declared(names))

    def _stop(self, names: Sequence[str], say: Say) -> None:
        if names:
            say(f"stopping {', '.join(names)}")
            scale(self._world.swarm, dict.fromkeys(names, 0))
            wait_until_stopped(self._world.swarm, names, timeout_s=STOPPED_WITHIN_S)

    def _wait(self, names: Sequence[str], stable_s: float, say: Say) -> None:
        if not names:
            return
        with self._world.target.watch() as watch:
            try:
                wait_until_converged(
                    self._world.swarm, names, stable_s=stable_s, timeout_s=STARTED_WITHIN_S, say=say
                )
            except OpsError as error:
                reasons = [
                    f"{name}: {trouble.reason}"
                    for name, trouble in sorted(watch.failures.items())
                    if name in names
                ]
                raise OpsError("\n  ".join([error.problem, *reasons])) from None

    def _as_declared(self, names: Sequence[str]) -> dict[str, int]:
        return {name: self._declared[name] for name in names if name in self._declared}
