"""Which addresses of an environment answer a visitor who is not signed in as they must."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from ops.smoke.expectation import arrival, expected
from ops.smoke.person import ANONYMOUS
from ops.smoke.route import Route
from ops.smoke.scene import Scene

TIMEOUT_S = 5.0
"""Shorter than a browser's patience: this is asked again and again, while a deploy waits for it."""

VISITORS = 8
"""Addresses asked at once; with all silent, 20 of them take 15 s."""

_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


@dataclass(frozen=True)
class Unanswered:
    """What came instead of the right answer.

    Args:
        reached: whether anything answered, be it a refusal. Else the fault may be on the way, or at this machine.
    """

    what: str
    reached: bool = True

    def __str__(self) -> str:
        return self.what


def unanswered(scene: Scene, urls: Collection[str] | None = None) -> dict[str, Unanswered]:
    """By address; empty where all answer.

    A public page must be there, an alias must send on, and a page with a sign-in must send to Discord: that asks Traefik, the
    service, or the sign-in, but nothing behind the sign-in.

    Args:
        urls: ask only these.
    """
    asked = [route for route in scene.routes if urls is None or route.url in urls]
    with ThreadPoolExecutor(VISITORS) as pool:
        found = pool.map(lambda route: (route.url, _wrong(scene, route)), asked)
        return {url: wrong for url, wrong in found if wrong is not None}


def _wrong(scene: Scene, route: Route) -> Unanswered | None:
    wanted = expected(route, ANONYMOUS, "https", scene.settings)
    try:
        with scene.browser(timeout_s=TIMEOUT_S) as browser:
            last = browser.ask(route.url) if route.redirects_to else browser.follow(route.url)[-1]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        # A broken page may send to an address that is none.
        return Unanswered(f"no answer: {error}", reached=_reached(error))
    found = arrival(last, asked=route, authorize=scene.authorize, callback=scene.callback)
    return None if found is wanted else Unanswered(f"{last}, expected: {wanted}")


def _reached(error: Exception) -> bool:
    if isinstance(error, httpx.ConnectTimeout):
        return False
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror) or (isinstance(cause, OSError) and cause.errno in _NO_WAY):
            return False
        cause = cause.__cause__ or cause.__context__
    return True
