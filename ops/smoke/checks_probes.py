"""The probes of the league's own deploys: page, API, CORS, and the requests of their canary."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx

from layers.platform.identity import Identity
from ops.smoke.browser import Browser
from ops.smoke.outcome import Outcome
from ops.smoke.scene import Scene

AREA = "probes"

SIGN_IN = "Sign in with Discord"

API_ALIVE = (200, 400, 401, 403, 405)
DEPENDENCIES_ALIVE = (200, 302, 400, 405)


def check_probes(scene: Scene) -> Iterator[Outcome]:
    """For each instance of the application."""
    for instance in scene.instances:
        with scene.browser() as browser:
            for probe, service in _PROBES:
                if service and scene.stands_in(instance.service(service)):
                    name = f"{instance.name}: {probe.__name__.removeprefix('_')}"
                    because = f"only the real {service} can answer this; a stand-in runs in its place"
                    yield Outcome.skipped(AREA, name, because=because)
                    continue
                try:
                    yield probe(browser, instance)
                except httpx.HTTPError as error:
                    name = f"{instance.name}: {probe.__name__.removeprefix('_')}"
                    yield Outcome.of(AREA, name, False, expected="an answer", found=f"none: {error}")
        yield Outcome.skipped(
            AREA, f"{instance.name}: signing in, league, scrim, upload", because="need players' tokens"
        )


def _web(browser: Browser, instance: Identity) -> Outcome:
    url = f"https://{instance.host}"
    first, followed = browser.ask(url), browser.follow(url)
    ok = (first.status in (200, 302) or followed[-1].status in (200, 302)) and SIGN_IN in followed[-1].body
    shown = " -> ".join(str(answer.status) for answer in followed)
    found = f"{shown}, {'with' if SIGN_IN in followed[-1].body else 'without'} {SIGN_IN!r}"
    return Outcome.of(
        AREA,
        f"{instance.name}: web",
        ok,
        expected=f"GET {url} gives 200 or 302 and {SIGN_IN!r}",
        found=found,
        fix="docker service logs web",
    )


def _api(browser: Browser, instance: Identity) -> Outcome:
    origin, url = f"https://{instance.host}", f"https://{instance.api_host}/graphql"
    answer = browser.ask(url, headers={"Origin": origin})
    allowed = answer.headers.get("access-control-allow-origin")
    return Outcome.of(
        AREA,
        f"{instance.name}: api",
        answer.status in API_ALIVE and allowed == origin,
        expected=f"GET {url} from {origin}: one of {', '.join(map(str, API_ALIVE))}, and the origin is allowed",
        found=f"{answer.status}, allows {allowed}",
        fix="docker service logs core; it allows the origin web.url of its settings",
    )


def _cors(browser: Browser, instance: Identity) -> Outcome:
    origin, url = f"https://{instance.host}", f"https://{instance.api_host}/graphql"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,authorization",
    }
    answer = browser.ask(url, method="OPTIONS", headers=asked)
    allowed = answer.headers.get("access-control-allow-origin")
    headers = answer.headers.get("access-control-allow-headers", "")
    return Outcome.of(
        AREA,
        f"{instance.name}: CORS",
        answer.status == 204 and allowed == origin and "authorization" in headers.lower(),
        expected="OPTIONS gives 204, the origin, and authorization among the allowed headers",
        found=f"{answer.status}, allows {allowed}, headers {headers or 'none'}",
        fix="docker service logs core; the gateway adds no CORS headers of its own",
    )


def _dependencies(browser: Browser, instance: Identity) -> Outcome:
    urls = (f"https://{instance.host}", f"https://{instance.api_host}/graphql")
    found = {url: browser.ask(url).status for url in urls}
    return Outcome.of(
        AREA,
        f"{instance.name}: both once more",
        all(status in DEPENDENCIES_ALIVE for status in found.values()),
        expected=f"each one of {', '.join(map(str, DEPENDENCIES_ALIVE))}",
        found=", ".join(f"{url} {status}" for url, status in found.items()),
    )


def _canary(browser: Browser, instance: Identity) -> Outcome:
    answer = browser.ask(
        f"https://{instance.api_host}/graphql", method="POST", json={"query": "{ __typename }"}
    )
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = {"errors": "no JSON"}
    return Outcome.of(
        AREA,
        f"{instance.name}: canary",
        answer.status == 200 and isinstance(body, dict) and not body.get("errors") and bool(body.get("data")),
        expected="POST { __typename } gives 200 and no errors",
        found=f"{answer.status}, {answer.body.strip()[:80]}",
        fix="docker service logs core",
    )


def _healthz(browser: Browser, instance: Identity) -> Outcome:
    answer = browser.ask(f"https://{instance.api_host}/healthz")
    try:
        status = json.loads(answer.body).get("status")
    except (ValueError, AttributeError):
        status = None
    return Outcome.of(
        AREA,
        f"{instance.name}: /healthz",
        answer.status == 200 and status == "ok",
        expected="core's /healthz gives 200 and status ok",
        found=f"{answer.status}, status {status}",
        fix="its body names the dependency that fails",
    )


_PROBES = (
    (_web, "web"),
    (_api, "core"),
    (_cors, "core"),
    (_dependencies, ""),
    (_canary, "core"),
    (_healthz, ""),
)
"""Each probe, and the service that must run the real program for the probe to mean anything."""
