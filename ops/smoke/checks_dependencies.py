"""What each service of the application reports about its dependencies, compared with the declared connections."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ops.model.service import Service
from ops.smoke.graph import healthz_port
from ops.smoke.outcome import Outcome
from ops.smoke.scene import Scene
from ops.swarm.containers import Tasks

AREA = "dependencies"
PLATFORM = "platform"
UNUSED = {"migration"}
"""They have finished and use no dependency any more."""
PATIENCE_S = 60.0
"""For all services together. A service may start before its peers do, and checks the slowest dependency, a Celery task
without a worker, every 21 s."""


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """One dependency of a service: its name, its address, its error if any, and the seconds until it worked."""

    name: str
    target: str
    error: str = ""
    waited: float = 0

    def __str__(self) -> str:
        return self.error or f"works ({self.target}){f', after {self.waited:.0f} s' if self.waited else ''}"


def check_dependencies(
    scene: Scene, tasks: Tasks, *, patience_s: float, end: threading.Event
) -> Iterator[Outcome]:
    """Every dependency of every service of the application that reports any.

    Args:
        patience_s: how long to ask again in total while a dependency does not work yet; 0 asks once.
        end: set when the run ends early.
    """
    until = time.monotonic() + patience_s
    for name, service in sorted(scene.services.items()):
        if service.layer != PLATFORM or name.rpartition("-")[2] in UNUSED:
            continue
        if tasks.container(name) is None:
            yield Outcome.skipped(
                AREA, name, because="none of its tasks runs on a node that this run can reach"
            )
            continue
        found = wait_for_dependencies(partial(reported_by, tasks, service), until=until, wait=end.wait)
        if found is None:
            because = "this program reports no dependencies; its health is among the services"
            yield Outcome.skipped(AREA, name, because=because)
            continue
        yield from judged(service, found, scene.services, _hosts(scene))


def wait_for_dependencies(
    ask: Callable[[], list[Dependency] | None], *, until: float, wait: Callable[[float], bool]
) -> list[Dependency] | None:
    """The result of ``ask`` once all dependencies work, or at ``until`` (monotonic seconds); late ones say how late.

    While a task is being replaced it reports nothing; the previous result then stays.

    Args:
        wait: pauses for seconds; true ends the waiting.
    """
    started = time.monotonic()
    found = ask()
    late: dict[str, float] = {}
    while found and any(each.error for each in found) and time.monotonic() < until and not wait(2):
        waited = time.monotonic() - started
        late |= {each.name: waited for each in found if each.error}
        found = ask() or found
    return found and [replace(each, waited=late.get(each.name, 0)) for each in found]


def judged(
    service: Service,
    found: list[Dependency],
    services: Mapping[str, Service],
    hosts: Mapping[str, list[str]],
) -> Iterator[Outcome]:
    """Each dependency, and each declared connection that no dependency uses.

    Args:
        hosts: public names by service: web asks core's API by the name that browsers use.
    """
    for dependency in found:
        yield Outcome.of(
            AREA,
            f"{service.name}: {dependency.name}",
            not dependency.error,
            expected=f"works ({dependency.target})",
            found=str(dependency),
            fix=f"docker service logs {service.name} names it too, with the time",
        )
    for server in service.servers:
        names = (*services[server].names, *hosts.get(server, ()))
        used = any(_leads_to(dependency, names) for dependency in found)
        yield Outcome.of(
            AREA,
            f"{service.name} -> {server}",
            used,
            expected="the declared connection is used",
            found="used" if used else f"no dependency of {service.name} is at {' or '.join(names)}",
            fix=f"remove the connection from {service.name}'s layer, or find out why nothing uses it",
        )


def parsed(body: str) -> list[Dependency] | None:
    """The dependencies in the body of ``/healthz``; ``None`` where it has no list of them."""
    try:
        listed = json.loads(body)["dependencies"]
        return [
            Dependency(
                name=name,
                target=str(entry["target"]),
                error="" if entry["ok"] else str(entry.get("error") or "fails"),
            )
            for name, entry in listed.items()
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def reported_by(tasks: Tasks, service: Service) -> list[Dependency] | None:
    """The list from its newest task, at the port of the health check or any other port that it listens on."""
    container = tasks.container(service.name)
    if container is None:
        return None
    known = healthz_port(service)
    ports = [known] if known else tasks.listening(container)
    for port in ports:
        found = parsed(tasks.get(container, f"http://127.0.0.1:{port}/healthz").output)
        if found is not None:
            return found
    return None


def _leads_to(dependency: Dependency, names: Sequence[str]) -> bool:
    words = re.split(r"[^A-Za-z0-9.-]+", dependency.target)
    return any(name in words for name in names) or dependency.name in names


def _hosts(scene: Scene) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for route in scene.routes:
        found.setdefault(route.service, []).append(route.host)
    return found
