"""One run. Checks run in parallel, so that watching the tasks takes no extra time."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

from ops.errors import OpsError
from ops.nodes.engines import engines
from ops.smoke import (
    checks_addresses,
    checks_certificates,
    checks_dependencies,
    checks_probes,
    checks_services,
    checks_sign_in,
    checks_transport,
)
from ops.smoke.browser import Reach
from ops.smoke.graph import by_name
from ops.smoke.outcome import Outcome
from ops.smoke.person import ANONYMOUS
from ops.smoke.result import Result
from ops.smoke.scene import Scene, scene_of
from ops.swarm.containers import Tasks
from ops.terminal.screen import Say
from ops.terraform.target import Target

STABLE_S = 30.0
SIGN_IN = "forward-auth"
CONFIG = "/run/secrets/forward-auth.yaml"
BROWSERS = 4
"""Checks in parallel; more would only wait for the machine's cores."""

_NO_ENGINE = "left out by --outside"


class Smoke:
    """Checks one environment that is synthesized and deployed.

    Args:
        quick: one look at the tasks in place of 30 s, one at the dependencies, no large upload, no burst.
        outside: only what is visible from outside, without the engine.
        connect: one address for all names; see :class:`Reach`.
    """

    def __init__(
        self, target: Target, *, quick: bool = False, outside: bool = False, connect: str | None = None
    ) -> None:
        self._target = target
        self._quick = quick
        self._outside = outside
        self._reach = Reach(connect)
        self._end = threading.Event()

    def run(self, say: Say) -> Result:
        """Runs all checks; Ctrl-C stops them in order.

        Raises:
            OpsError: the engine does not answer, or the environment is not deployed.
        """
        started = time.monotonic()
        say("reading addresses and connections" if self._outside else "connecting to the engine")
        scene, key = self._look()
        try:
            outcomes = list(self._outcomes(scene, key, say))
        finally:
            self._end.set()
        return Result(
            environment=self._target.name,
            outcomes=[replace(outcome, ran=ran_in(outcome, scene)) for outcome in outcomes],
            programs=scene.programs,
            tested=tested(scene),
            seconds=time.monotonic() - started,
        )

    def _look(self) -> tuple[Scene, str | None]:
        """What to test, and the key of the sign-in's cookies where it can be read."""
        if self._outside:
            return scene_of(self._target, self._reach), None
        with engines(self._target) as (swarm, *others):
            there = {service.name for service in swarm.services()}
            wanted = by_name(self._target.wanted)
            if not there & wanted.keys():
                raise OpsError(
                    f"{self._target.name} is not deployed: none of its {len(wanted)} services is on the swarm",
                    fix=f"make up ENV={self._target.name}",
                )
            tasks = Tasks(swarm, *others)
            return scene_of(self._target, self._reach, tasks), _key(tasks)

    def _outcomes(self, scene: Scene, key: str | None, say: Say) -> Iterator[Outcome]:
        with ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(max_workers=BROWSERS + 2))
            # Before the pool waits for its threads: a failure or Ctrl-C here ends their loops.
            stack.callback(self._end.set)
            watched = pool.submit(self._watched, scene)
            inside = pool.submit(self._inside, scene)
            say("certificates")
            yield from checks_certificates.check_certificates(scene, self._end)
            yield from self._opened(scene, pool, say)
            say("sign-in")
            yield from checks_sign_in.check_sign_in(scene, key)
            say("probes, WebSocket, upload")
            yield from checks_probes.check_probes(scene)
            yield from checks_transport.check_websockets(scene)
            yield from self._heavy(scene, say)
            say("dependencies of each service")
            yield from inside.result()
            if not self._outside:
                say("checking the tasks" if self._quick else f"watching the tasks for {STABLE_S:g} s")
            yield from watched.result()

    def _opened(self, scene: Scene, pool: ThreadPoolExecutor, say: Say) -> Iterator[Outcome]:
        people = (ANONYMOUS, *scene.people)
        say(f"{len(scene.routes)} addresses for {len(people)} people, http and https")
        visits: list[Future[list[Outcome]]] = [
            pool.submit(lambda name: list(checks_addresses.check_addresses(scene, name)), person.name)
            for person in people
        ]
        found = [outcome for visit in visits for outcome in visit.result()]
        yield from (outcome for outcome in found if outcome.area == checks_addresses.AREA)
        yield from checks_addresses.not_checked(scene)
        yield from (outcome for outcome in found if outcome.area != checks_addresses.AREA)

    def _heavy(self, scene: Scene, say: Say) -> Iterator[Outcome]:
        if self._quick:
            yield Outcome.skipped(checks_transport.AREA, "upload, rate limit", because="left out by --quick")
            return
        yield from checks_transport.check_uploads(scene)
        say("rate limit")
        yield from checks_transport.check_rate_limit(scene)

    def _watched(self, scene: Scene) -> list[Outcome]:
        if self._outside:
            return [Outcome.skipped(checks_services.AREA, "all", because=_NO_ENGINE)]
        seconds = 0.0 if self._quick else STABLE_S
        with self._target.swarm() as swarm:
            return list(checks_services.check_services(scene, swarm, seconds=seconds, end=self._end))

    def _inside(self, scene: Scene) -> list[Outcome]:
        if self._outside:
            areas = (checks_dependencies.AREA, checks_services.PORTS_AREA)
            return [Outcome.skipped(area, "all", because=_NO_ENGINE) for area in areas]
        patience = 0.0 if self._quick else checks_dependencies.PATIENCE_S
        with engines(self._target) as (swarm, *others):
            tasks = Tasks(swarm, *others)
            return [
                *checks_dependencies.check_dependencies(scene, tasks, patience_s=patience, end=self._end),
                *checks_services.check_ports(scene.services, tasks),
            ]


_SUBJECTS = {
    checks_sign_in.AREA: SIGN_IN,
    checks_certificates.AREA: "traefik",
    checks_transport.AREA: "traefik",
    checks_services.PORTS_AREA: "traefik",
}
"""The service that decides the outcome of a whole area."""


def ran_in(outcome: Outcome, scene: Scene) -> str:
    """What runs in the service of an outcome: the first service that its name contains, by name or host."""
    if outcome.area in _SUBJECTS:
        return scene.runs(_SUBJECTS[outcome.area])
    hosts = {route.host: route.service for route in scene.routes}
    words = [word for word in re.split(r"[^A-Za-z0-9._-]+", outcome.name) if word]
    named = [hosts.get(word, word) for word in words]
    if outcome.area == checks_probes.AREA:
        named = ["web" if "web" in words else "core"]
    return next((scene.runs(name) for name in named if name in scene.services), "")


def _key(tasks: Tasks) -> str | None:
    container = tasks.container(SIGN_IN)
    done = tasks.run(container, "cat", CONFIG) if container else None
    return checks_sign_in.key_in(done.output) if done and done.code == 0 else None


def tested(scene: Scene) -> dict[str, str]:
    """What this run tested where there is a choice."""
    sign_in = scene.settings.ingress.sign_in
    return {
        "Discord": "a fake one inside the swarm"
        if sign_in.provider == "fake"
        else "the real one, as far as its sign-in page",
        "sign-in": f"{sign_in.proxy}, {scene.runs(SIGN_IN)}",
        "certificates": f"{scene.trust.described}; "
        + ("chains verified" if scene.trust.verifies else "chains not verified"),
    }
