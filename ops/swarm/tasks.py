"""Watches tasks during an apply: a service whose first start fails is deleted, and its errors with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from ops.errors import OpsError
from ops.swarm.engine import Swarm, Task, connected
from ops.waiting import wait_until

INTERVAL_S = 2.0
LOG_LINES = 20


@dataclass
class TaskFailure:
    """The last failure of one service's tasks, and the end of its log at that time."""

    reason: str
    count: int = 0
    log: list[str] = field(default_factory=list)


class TaskWatch:
    """Collects the failures of all tasks, on its own connection, while its context is open.

    Its own failures are silent: it must not add errors to those that it explains.
    """

    def __init__(self, host: str, ssh_options: Sequence[str] = ()) -> None:
        self.failures: dict[str, TaskFailure] = {}
        self._host = host
        self._ssh_options = ssh_options
        self._seen: set[str] = set()
        self._names: dict[str, str] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="task watch", daemon=True)

    def __enter__(self) -> TaskWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        try:
            with connected(self._host, self._ssh_options) as swarm:
                # Failures from before this deploy do not count.
                self._seen = {task.id for task in swarm.tasks() if task.failed}
                while not self._end.wait(INTERVAL_S):
                    self.look(swarm)
                self.look(swarm)
        except OpsError:
            return

    def look(self, swarm: Swarm) -> None:
        """Records the failures since the last look."""
        self._names |= {service.id: service.name for service in swarm.services()}
        for task in swarm.tasks():
            if task.failed and task.id not in self._seen:
                self._seen.add(task.id)
                self._take(task, swarm)

    def _take(self, task: Task, swarm: Swarm) -> None:
        name = self._names.get(task.service_id, task.service_id)
        failure = self.failures.setdefault(name, TaskFailure(reason=""))
        failure.reason = task.reason
        failure.count += 1
        failure.log = swarm.log_tail(task.service_id, LOG_LINES) or failure.log


def wait_until_converged(
    swarm: Swarm,
    names: Collection[str],
    *,
    stable_s: float,
    timeout_s: float,
    say: Callable[[str], None],
) -> None:
    """Waits until all tasks run and none restarted for ``stable_s``: a crash loop shows n/n at times, too.

    Raises:
        OpsError: the services did not converge within ``timeout_s``; names the services.
    """
    since, last = time.monotonic(), frozenset[str]()
    missing: list[str] = []

    def converged() -> bool:
        nonlocal since, last, missing
        running = _running(swarm, names)
        missing = _missing(swarm, names, running)
        tasks = frozenset(id_ for ids in running.values() for id_ in ids)
        if missing or tasks != last:
            since, last = time.monotonic(), tasks
        elif time.monotonic() - since >= stable_s:
            return True
        say(
            f"waiting for {', '.join(missing)}"
            if missing
            else f"all services run; watching for restarts for {stable_s:g} s"
        )
        return False

    if not wait_until(converged, timeout_s, interval_s=1):
        what = ", ".join(missing) or "tasks keep restarting"
        raise OpsError(f"the services did not converge within {timeout_s:.0f} s: {what}")


def _running(swarm: Swarm, names: Collection[str]) -> Mapping[str, set[str]]:
    by_id = {service.id: service.name for service in swarm.services() if service.name in names}
    running: dict[str, set[str]] = {name: set() for name in names}
    for task in swarm.tasks():
        if task.runs and task.service_id in by_id:
            running[by_id[task.service_id]].add(task.id)
    return running


def _missing(swarm: Swarm, names: Collection[str], running: Mapping[str, set[str]]) -> list[str]:
    replicas = {service.name: service.replicas for service in swarm.services()}
    return [
        f"{name} {len(running[name])}/{replicas.get(name, 'no such service')}"
        for name in sorted(names)
        if len(running[name]) != replicas.get(name, -1)
    ]
