"""Every address, opened by each person, over http and https."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from layers.pages import MONITORING
from ops.smoke.browser import Browser
from ops.smoke.expectation import (
    Answer,
    Arrival,
    Case,
    arrival,
    cases,
    wrong_in_alias,
    wrong_in_authorize,
    wrong_in_redirect,
)
from ops.smoke.outcome import Outcome
from ops.smoke.person import ANONYMOUS
from ops.smoke.scene import Scene

AREA = "addresses"
WATCHER = "grafana"
"""Whose measurements make the page about the monitoring answer."""
HEADERS_AREA = "security headers"

STRICT_TRANSPORT = "strict-transport-security"
HEADERS = {
    STRICT_TRANSPORT: ("max-age=", "browsers stay with https"),
    "x-content-type-options": ("nosniff", "browsers believe the content type"),
    "referrer-policy": ("strict-origin", "other sites do not learn addresses"),
}
"""Header, what its value must contain, and why."""

GONE = ("server", "x-powered-by")
"""Headers that name the program behind the gateway."""


def check_addresses(scene: Scene, person_name: str) -> Iterator[Outcome]:
    """All addresses for one person, one after the other in one browser."""
    with scene.browser() as browser:
        for case in cases(scene.routes, scene.people, scene.settings):
            if case.person.name != person_name:
                continue
            if case.route.page == MONITORING and case.expected is Arrival.PAGE and scene.stands_in(WATCHER):
                because = f"it answers for {WATCHER}, and a stand-in runs in its place"
                yield Outcome.skipped(AREA, case.name, because=because)
                continue
            yield from _opened(scene, browser, case)


def _opened(scene: Scene, browser: Browser, case: Case) -> Iterator[Outcome]:
    try:
        answers = _visit(scene, browser, case)
    except httpx.HTTPError as error:
        yield Outcome.of(
            AREA,
            case.name,
            False,
            expected=case.expected,
            found=f"no answer: {error}",
            fix=_FIXES[Arrival.BROKEN],
        )
        return
    last = answers[-1]
    found = arrival(last, asked=case.route, authorize=scene.authorize, callback=scene.callback)
    wrong = _wrong(scene, case, last) if found is case.expected else str(found)
    yield Outcome.of(
        AREA,
        case.name,
        not wrong,
        expected=case.expected,
        found=f"{last.status}" if not wrong else f"{wrong} ({' -> '.join(map(str, answers))})",
        fix=_FIXES[found],
    )
    if case.scheme == "https" and case.person is ANONYMOUS:
        yield headers_outcome(case.route.host, answers[0])


def _visit(scene: Scene, browser: Browser, case: Case) -> list[Answer]:
    if case.scheme == "http":
        return [browser.ask(_plain_url(case))]
    if case.expected is Arrival.HOST:
        return [browser.ask(_alias_url(case))]
    signing_in = None if case.person is ANONYMOUS else (scene.authorize, case.person.name)
    return browser.follow(case.route.url, signing_in=signing_in)


def _plain_url(case: Case) -> str:
    return f"http://{case.route.host}{case.route.page}?from=http"


def _alias_url(case: Case) -> str:
    """With a path and a query that must arrive."""
    return f"{case.route.url.rstrip('/')}/a/page?from=alias&b=%2F"


def _wrong(scene: Scene, case: Case, last: Answer) -> str:
    """What is wrong with a visit that ended at the right place."""
    if case.expected is Arrival.HTTPS:
        if last.cookies:
            return "sets a cookie without TLS"
        return wrong_in_redirect(last.location, _plain_url(case))
    if case.expected is Arrival.HOST:
        return wrong_in_alias(last, _alias_url(case), case.route.redirects_to or "")
    if case.expected is Arrival.DISCORD and scene.asks_forward_auth:
        return wrong_in_authorize(
            last.location,
            client_id=scene.settings.ingress.sign_in.client_id,
            redirect_uri=scene.callback,
            page=case.route.url,
        )
    return ""


def headers_outcome(host: str, answer: Answer) -> Outcome:
    """Whether an answer has the security headers, and none that name the program."""
    problems = [
        f"{name} is {answer.headers.get(name, 'missing')!r}"
        for name, (value, _) in HEADERS.items()
        if value not in answer.headers.get(name, "")
    ]
    framed = answer.headers.get("x-frame-options") or answer.headers.get("content-security-policy", "")
    if framed != "SAMEORIGIN" and "frame-ancestors" not in framed and framed != "DENY":
        problems.append("any site may show it in a frame")
    strict = answer.headers.get(STRICT_TRANSPORT, "")
    if "includesubdomains" in strict.lower():
        problems.append(f"{STRICT_TRANSPORT} is {strict!r}, which reaches hosts below this one")
    problems += [f"{name} says {answer.headers[name]!r}" for name in GONE if answer.headers.get(name)]
    return Outcome.of(
        HEADERS_AREA,
        host,
        not problems,
        expected=f"{', '.join(HEADERS)} of this host alone, frames; no {', '.join(GONE)}",
        found="; ".join(problems) or "all there",
        fix="the middleware security-headers in layers/ingress/dynamic.yml.j2, and the order of the chains there",
    )


def not_checked(scene: Scene) -> Iterator[Outcome]:
    """Reports what needs a sign-in as not checked, where sign-in from here is not possible."""
    if scene.people:
        return
    why = (
        "needs a Discord account"
        if scene.settings.ingress.sign_in.provider == "discord"
        else "the stand-in's people are known for traefik-forward-auth only"
    )
    for route in [route for route in scene.routes if route.role is not None]:
        for who in ("not in the guild", "wrong role", "right role"):
            yield Outcome.skipped(AREA, f"https://{route.host}{route.page} as {who}", because=why)


_FIXES = {
    Arrival.HTTPS: "the redirection of entry point web in layers/ingress/traefik.yml.j2",
    Arrival.HOST: "the aliases of the route in its layer, and the labels that constructs/sprocket_constructs/gateway.py makes of them",
    Arrival.DISCORD: "the roles in ingress/sign_in/roles; docker service logs forward-auth says who was refused and why",
    Arrival.REFUSED: "the roles in ingress/sign_in/roles; docker service logs forward-auth says who was refused and why",
    Arrival.PAGE: "the access of the route in its layer: it admits a person without the role",
    Arrival.BROKEN: "docker service ps of the service behind it, and docker service logs traefik",
}
