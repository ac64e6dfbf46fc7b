"""Watches tasks during an apply: a service whose first start fails is deleted, and its errors with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from ops.errors import OpsError
from ops.swarm.engine import Swarm, Task, connected
from ops.terminal.amounts import size
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
        self._waiting: dict[str, str] = {}
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
        """Records the failures since the last look, and what waits for a node."""
        services = swarm.services()
        self._names |= {service.id: service.name for service in services}
        tasks = swarm.tasks()
        for task in tasks:
            if task.failed and task.id not in self._seen:
                self._seen.add(task.id)
                self._take(task, swarm)
        self._note_waiting(tasks, {service.name for service in services})

    def _note_waiting(self, tasks: Sequence[Task], there: Collection[str]) -> None:
        """A service that is gone keeps its reason: the provider deletes one that found no node."""
        now = {self._names.get(task.service_id, task.service_id): task.reason for task in tasks if task.waits}
        kept = {name: reason for name, reason in self._waiting.items() if name not in there}
        self._waiting = {**kept, **now}

    @property
    def reasons(self) -> dict[str, TaskFailure]:
        """By service: its last failure, or why its task still waits for a node."""
        waiting = {name: TaskFailure(reason=reason, count=1) for name, reason in self._waiting.items()}
        return {**waiting, **self.failures}

    def _take(self, task: Task, swarm: Swarm) -> None:
        name = self._names.get(task.service_id, task.service_id)
        failure = self.failures.setdefault(name, TaskFailure(reason=""))
        failure.reason = task.reason + beyond_its_error(task, swarm)
        failure.count += 1
        failure.log = swarm.task_log(task, LOG_LINES) or failure.log


def beyond_its_error(task: Task, swarm: Swarm) -> str:
    """What a task's error does not say: what its health check printed, or what SIGKILL means where nobody sent one."""
    printed = swarm.last_health(task.container) if task.container else ""
    if printed:
        return f"; unhealthy: its health check printed {printed!r}"
    if task.was_killed and "unhealthy" not in task.error:
        # Engine 20.10 does not set OOMKilled for a container whose only process is killed at once (tried).
        limit = f", here {size(task.memory_limit)}" if task.memory_limit else ""
        return f"; killed, as the kernel does with a program that is out of memory (its limit{limit})"
    return ""


def wait_until_converged(
    swarm: Swarm,
    names: Collection[str],
    *,
    stable_s: float,
    timeout_s: float,
    say: Callable[[str], None],
    updates: Mapping[str, str] | None = None,
) -> None:
    """Waits until all tasks run, no update is under way and none restarted for ``stable_s``: a crash loop shows n/n at times, too.

    Args:
        updates: when each service's last update began before what is waited for; an update since then that the swarm took back
            is a failure. The provider calls one done as soon as its tasks run, and looks no longer.

    Raises:
        OpsError: the services did not converge within ``timeout_s``, or an update was taken back; names the services.
    """
    since, last = time.monotonic(), frozenset[str]()
    missing: list[str] = []

    def converged() -> bool:
        nonlocal since, last, missing
        if updates is not None:
            _require_kept(swarm, names, updates)
        running = running_tasks(swarm, names)
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


def running_tasks(swarm: Swarm, names: Collection[str]) -> Mapping[str, set[str]]:
    """Ids of the tasks that run, by the name of their service; none for one that is not there."""
    by_id = {service.id: service.name for service in swarm.services() if service.name in names}
    running: dict[str, set[str]] = {name: set() for name in names}
    for task in swarm.tasks():
        if task.runs and task.service_id in by_id:
            running[by_id[task.service_id]].add(task.id)
    return running


def _missing(swarm: Swarm, names: Collection[str], running: Mapping[str, set[str]]) -> list[str]:
    services = {service.name: service for service in swarm.services()}
    found = []
    for name in sorted(names):
        service = services.get(name)
        if service is None or len(running[name]) != service.replicas:
            found.append(f"{name} {len(running[name])}/{service.replicas if service else 'no such service'}")
        elif service.is_updating:
            found.append(f"{name} (its update is under way)")
    return found


def began(swarm: Swarm) -> dict[str, str]:
    """When the last update of each service began."""
    return {service.name: service.update_began for service in swarm.services()}


def taken_back(swarm: Swarm, names: Collection[str], updates: Mapping[str, str]) -> list[str]:
    """Services whose update failed and that the swarm takes back, or has taken back, to their previous version.

    Args:
        updates: when each service's last update began before; an older one does not count.
    """
    return sorted(
        service.name
        for service in swarm.services()
        if service.name in names
        and service.went_back
        and service.update_began != updates.get(service.name, "")
    )


def _require_kept(swarm: Swarm, names: Collection[str], updates: Mapping[str, str]) -> None:
    back = taken_back(swarm, names, updates)
    if back:
        raise OpsError(
            f"the swarm went back to the previous version of {', '.join(back)}: the new one's tasks failed"
        )
