"""Secrets of the local platform are rotated while visitors ask its public pages."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from types import TracebackType

import httpx
import pytest

from ops.report.programs import programs_of
from ops.rotate.login import ANSWERS
from ops.rotate.secret import secrets_of, values_of
from ops.smoke.authority import trust_of
from ops.smoke.browser import Browser, Reach
from ops.smoke.route import Route, routes_of
from tests.live.local_platform import ENVIRONMENT, LocalPlatform, command, disruptive
from tests.live.test_canary import seen

pytestmark = [pytest.mark.live, pytest.mark.proof]

PAUSE_S = 0.5
"""Between two requests to one page."""


class Visitors:
    """One visitor for each public page, who asks for it again and again while the context is open.

    Attributes:
        asked, failed: requests by the service behind the page. An answer of 500 or more is a failure, and so is none.
    """

    def __init__(self, platform: LocalPlatform) -> None:
        settings = platform.settings
        routes = routes_of(platform.target.wanted, admin_role=settings.ingress.admin_role)
        self._trust = trust_of(settings, platform.tasks)
        self._end = threading.Event()
        self.asked: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        public = [route for route in routes if route.is_public and not route.redirects_to]
        self._threads = [threading.Thread(target=self._visit, args=(route,), daemon=True) for route in public]

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def _visit(self, route: Route) -> None:
        while not self._end.wait(PAUSE_S):
            self.asked[route.service] += 1
            try:
                with Browser(Reach(), self._trust.context) as browser:
                    failed = browser.ask(route.url).status >= 500
            except httpx.HTTPError:
                failed = True
            self.failed[route.service] += failed


def named_as_away(shown: str) -> set[str]:
    """Services whose users may notice, as the plan names them."""
    away = set(re.findall(r"^  (\S+) +down for up to \d+ s$", shown, re.M))
    for line in re.findall(r"^go on, but are connected to one that is away: (.+)$", shown, re.M):
        away |= set(line.split(", "))
    return away


@pytest.mark.parametrize(
    ("words", "free"),
    [
        (("sign-in-cookie-key",), {"web", "core", "fake-discord"}),
        (("influxdb-grafana-password", "redis-telegraf-password"), {"fake-discord"}),
        (("--all",), set()),
    ],
    ids=["by name, nothing away", "by name", "all"],
)
def test_secrets_are_rotated_and_no_page_fails_that_the_plan_does_not_name(
    platform: LocalPlatform, words: tuple[str, ...], free: set[str]
) -> None:
    """``free`` are services behind public pages that this rotation must leave alone."""
    disruptive()
    secrets = secrets_of(ENVIRONMENT)
    platform.target.terraform.init()
    before = values_of(secrets, platform.target.terraform.state())
    started = time.monotonic()
    with Visitors(platform) as visitors:
        run = command("rotate", "--env", ENVIRONMENT, *words)
    seconds = time.monotonic() - started
    print(f"{seconds:.0f} s; asked {dict(visitors.asked)}; failed {dict(visitors.failed)}")
    print(run.stdout, run.stderr, sep="\n")

    away = named_as_away(run.stdout)
    assert away & free == set()
    assert sum(visitors.asked.values()) > seconds
    assert {name: count for name, count in visitors.failed.items() if count and name not in away} == {}

    after = values_of(secrets, platform.target.terraform.state())
    rotated = [s for s in secrets if s.name in words or (words == ("--all",) and not s.rotation.impossible)]
    assert rotated
    changed = {secret.name for secret in secrets if before[secret.name] != after[secret.name]}
    assert changed == {secret.name for secret in rotated}
    programs = programs_of(platform.target.wanted)
    lines = [
        f"{secret.name}: {secret.rotation.server} accepts the new value and refuses the old one"
        for secret in rotated
        if secret.rotation.server and not programs[ANSWERS[secret.rotation.server]].is_stand_in
    ]
    assert [line for line in lines if line not in run.stderr] == []

    canaries = {
        f"{when} {name}": value
        for when, values in (("old", before), ("new", after))
        for name, value in values.items()
    }
    assert seen(canaries, run.stdout + run.stderr) == []
    shown = json.dumps([platform.api.services(), platform.api.tasks(), platform.api.secrets()])
    assert seen(canaries, shown) == []
    for container in platform.api.containers(all=True):
        assert seen(canaries, json.dumps(platform.api.inspect_container(container["Id"]))) == []

    platform.wait_for_convergence()
    result = platform.smoke()
    assert [outcome.name for outcome in result.outcomes if outcome.status == "failed"] == []
