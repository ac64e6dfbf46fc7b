"""A bounded burst against the public pages of the running local platform: slowed down, and nobody else notices.

Who bursts is this machine; the other client is a task of the platform, so that it has another address. The same against
Traefik alone, with many clients: tests/policy/test_load_by_programs.py.
"""

from __future__ import annotations

import shlex
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ops.smoke.browser import Reach
from ops.smoke.checks_transport import LINES, burst
from ops.smoke.route import Route
from ops.smoke.scene import Scene, scene_of
from tests.burst import p95
from tests.live.local_platform import LocalPlatform

pytestmark = [pytest.mark.live, pytest.mark.proof]

SECONDS = 20.0
P95_S = 1.0
"""Of an admin page during the burst, on two cores that Traefik, the services and the burst share."""
OF_LIMIT = 0.9
"""The share of its memory limit that a task may come to."""
LOADED = ("web", "core")
"""Services whose public page is asked for, each for SECONDS."""


@pytest.fixture(scope="module")
def scene(platform: LocalPlatform) -> Scene:
    return scene_of(platform.target, Reach(), platform.tasks)


def page_of(scene: Scene, service: str) -> Route:
    """The public page of a service; where it has a health check there, that."""
    return next(
        route
        for route in scene.routes
        if route.is_public and route.service == service and not route.redirects_to
    )


def admin_page(scene: Scene) -> Route:
    """Traefik's dashboard: no service stands behind it, so that its time is that of the way in and the sign-in."""
    return next(route for route in scene.guarded if route.host == scene.settings.page_host("traefik"))


@contextmanager
def bursting(scene: Scene, route: Route, statuses: Counter[int]) -> Iterator[None]:
    """Sends a burst again and again for as long as its context is open."""
    over = threading.Event()
    limit = scene.settings.ingress.rate_limit
    total = limit.burst + 2 * limit.average + LINES

    def run() -> None:
        while not over.is_set():
            statuses.update(burst(scene, route, total))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)
    assert not thread.is_alive()


MEMORY = """
cd /sys/fs/cgroup
if [ -e memory.current ]; then
  cat memory.current memory.max; sed -n 's/^inactive_file //p' memory.stat
else
  cd memory; cat memory.usage_in_bytes memory.limit_in_bytes; sed -n 's/^total_inactive_file //p' memory.stat
fi
"""
"""As the task sees it, in cgroup v2 and v1: an engine that does not know the kernel's controllers tells nothing."""


def memory(platform: LocalPlatform, service: str) -> tuple[int, int]:
    """Bytes that a task uses without the files that the kernel caches for it, and its limit."""
    used, limit, cached = (int(line) for line in platform.sh(service, MEMORY).split())
    return used - cached, limit


def asked_from_inside(
    platform: LocalPlatform, scene: Scene, cookie: str, count: int
) -> list[tuple[int, float]]:
    """Status and seconds of an admin page, asked for by the task of web, which finds Traefik by the API's host."""
    host, api = admin_page(scene).host, page_of(scene, "core").host
    words = [
        "curl", "-sk", "--max-time", "10", "-o", "/dev/null", "-w", r"%{http_code} %{time_total}\n",
        "--connect-to", f"{host}:443:ADDRESS:443", "-H", f"Cookie: {scene.cookie}={cookie}", f"https://{host}/dashboard/",
    ]  # fmt: skip
    # curl takes every name below localhost for this machine, so it gets the address.
    call = shlex.join(words).replace("ADDRESS", '"$at"')
    script = f"at=$(getent ahostsv4 {api} | sed -n '1s/ .*//p'); for i in $(seq {count}); do {call}; sleep 0.1; done"
    lines = [line.split() for line in platform.sh("web", script).splitlines()]
    return [(int(status), float(seconds)) for status, seconds in lines]


def session(scene: Scene) -> str:
    """Of somebody with the admin role."""
    role = scene.settings.ingress.admin_role
    with scene.browser() as browser:
        browser.follow(admin_page(scene).url, signing_in=(scene.authorize, role))
        cookie = browser.cookie(scene.cookie)
    assert cookie, "nobody is signed in"
    return cookie


@pytest.mark.parametrize("service", LOADED)
def test_a_burst_is_slowed_down_and_holds_up_nobody_else(
    platform: LocalPlatform, scene: Scene, service: str
) -> None:
    cookie = session(scene)
    asked_from_inside(platform, scene, cookie, 3)
    statuses: Counter[int] = Counter()
    most: dict[str, tuple[int, int]] = {}
    answers: list[tuple[int, float]] = []
    began = time.monotonic()
    with platform.deaths() as deaths:
        with bursting(scene, page_of(scene, service), statuses):
            while time.monotonic() - began < SECONDS:
                answers += asked_from_inside(platform, scene, cookie, 10)
                for name in ("traefik", "forward-auth", *LOADED):
                    most[name] = max(most.get(name, (0, 0)), memory(platform, name))
        seconds = time.monotonic() - began
        # A task that ran out of memory says so a little later.
        time.sleep(3)
    limit = scene.settings.ingress.rate_limit
    taken = p95([each for _, each in answers])
    shown = {name: f"{used // 2**20} of {all_ // 2**20} MiB" for name, (used, all_) in most.items()}
    print(f"{service}: {dict(statuses)} in {seconds:.0f} s; p95 of {len(answers)}: {taken:.3f} s; {shown}")

    assert statuses[429] > 0
    assert not [status for status in statuses if status >= 500], statuses
    let_through = sum(statuses.values()) - statuses[429]
    assert 0 < let_through <= 1.1 * (limit.burst + limit.average * (seconds + 1))
    assert {status for status, _ in answers} == {200}
    assert taken < P95_S
    assert all(used < OF_LIMIT * all_ for used, all_ in most.values()), shown
    assert not deaths.by_service


def test_what_tasks_write_is_rotated_by_the_engine(platform: LocalPlatform) -> None:
    """As declared, in the containers that run: without it the engine keeps all of a task's output."""
    for name, service in platform.services.items():
        if (container := platform.tasks.container(name)) is None:
            continue
        logs = platform.api.inspect_container(container)["HostConfig"]["LogConfig"]
        assert logs["Type"] == "json-file", f"{name}: {logs}"
        assert {"max-size", "max-file"} <= logs["Config"].keys(), f"{name}: {logs}"
        assert service.log_options == logs["Config"], name
