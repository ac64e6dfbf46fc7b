"""Which addresses of an environment answer a visitor who is not signed in as they must."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx

from ops.smoke.expectation import arrival, expected
from ops.smoke.person import ANONYMOUS
from ops.smoke.route import Route
from ops.smoke.scene import Scene

TIMEOUT_S = 5.0
"""Shorter than a browser's patience: this is asked again and again, while a deploy waits for it."""

VISITORS = 8
"""Addresses asked at once; with all silent, 20 of them take 15 s."""


def unanswered(scene: Scene, urls: Collection[str] | None = None) -> dict[str, str]:
    """What came instead of the right answer, by address; empty where all answer.

    A public page must be there, an alias must send on, and a page with a sign-in must send to Discord: that asks Traefik, the
    service, or the sign-in, but nothing behind the sign-in.

    Args:
        urls: ask only these.
    """
    asked = [route for route in scene.routes if urls is None or route.url in urls]
    with ThreadPoolExecutor(VISITORS) as pool:
        found = pool.map(lambda route: (route.url, "; ".join(_wrong(scene, route))), asked)
        return {url: wrong for url, wrong in found if wrong}


def _wrong(scene: Scene, route: Route) -> Iterator[str]:
    wanted = expected(route, ANONYMOUS, "https", scene.settings)
    try:
        with scene.browser(timeout_s=TIMEOUT_S) as browser:
            last = browser.ask(route.url) if route.redirects_to else browser.follow(route.url)[-1]
    except httpx.HTTPError as error:
        yield f"no answer: {error}"
        return
    found = arrival(last, asked=route, authorize=scene.authorize, callback=scene.callback)
    if found is not wanted:
        yield f"{last}, expected: {wanted}"
