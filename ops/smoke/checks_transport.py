"""What goes through the gateway besides pages: WebSockets, large uploads, and too many requests."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
from websockets.exceptions import WebSocketException

from ops.smoke.outcome import Outcome
from ops.smoke.route import Route
from ops.smoke.scene import Scene
from ops.smoke.websocket import exchange
from ops.waiting import wait_until

AREA = "transport"
HELLO = '{"type":"connection_init"}'
PROTOCOL = "graphql-transport-ws"
UPLOAD_BYTES = 20 * 1024 * 1024
"""Above the default limit of every proxy; replays have a few megabytes each and are uploaded by the dozen."""

LINES = 4
"""Connections of the burst. Requests are pipelined, so that a slow machine is fast enough."""

RECOVERY_S = 10.0


def check_websockets(scene: Scene) -> Iterator[Outcome]:
    """A WebSocket to each API, as GraphQL subscriptions open it: one text there and one back."""
    for instance in scene.instances:
        try:
            text = exchange(
                instance.api_host,
                "/graphql",
                HELLO,
                protocol=PROTOCOL,
                reach=scene.reach,
                context=scene.trust.context,
            )
            # The real program acknowledges; its stand-in sends back what it gets.
            ok, found = text == HELLO or "connection_ack" in text, f"101, then {text[:60]}"
        except (WebSocketException, ValueError, OSError) as error:
            ok, found = False, str(error)
        yield Outcome.of(
            AREA,
            f"{instance.name}: WebSocket",
            ok,
            expected="101, and an answer to a text",
            found=found,
            fix="docker service logs core; the middlewares compress and forward auth must not touch upgrades",
        )


def check_uploads(scene: Scene) -> Iterator[Outcome]:
    """20 MiB to each API."""
    for instance in scene.instances:
        name = f"{instance.name}: upload of {UPLOAD_BYTES // 1024**2} MiB"
        if not scene.stands_in(instance.service("core")):
            yield Outcome.skipped(
                AREA, name, because="the real API accepts uploads only from signed-in players"
            )
            continue
        try:
            with scene.browser() as browser:
                answer = browser.ask(
                    f"https://{instance.api_host}/upload", method="POST", content=b"\0" * UPLOAD_BYTES
                )
            ok, found = _arrived(answer.status, answer.body), f"{answer.status} {answer.body.strip()[:60]}"
        except httpx.HTTPError as error:
            ok, found = False, f"no answer: {error}"
        yield Outcome.of(
            AREA, name, ok, expected="200, all bytes", found=found, fix="upload_timeout in ingress"
        )


def _arrived(status: int, body: str) -> bool:
    try:
        return status == 200 and json.loads(body)["bytes"] == UPLOAD_BYTES
    except (ValueError, KeyError, TypeError):
        return False


def check_rate_limit(scene: Scene) -> Iterator[Outcome]:
    """Sends more requests to one public page than one address may; then waits until it answers again."""
    limit = scene.settings.ingress.rate_limit
    route = _limited(scene)
    total = limit.burst + 2 * limit.average + LINES
    started = time.monotonic()
    try:
        statuses = burst(scene, route, total)
    except OSError as error:
        yield Outcome.of(AREA, "rate limit", False, expected="answers", found=str(error))
        return
    seconds = time.monotonic() - started
    passed_most = limit.burst + limit.average * (seconds + 1)
    yield Outcome.of(
        AREA,
        "rate limit",
        statuses[429] > 0 and 0 < total - statuses[429] <= passed_most,
        expected=f"{limit.burst} at once and {limit.average} a second get through, others 429",
        found=f"{total} requests to {route.host} in {seconds:.1f} s: {dict(sorted(statuses.items()))}",
        fix="rate-limit in layers/ingress/dynamic.yml.j2 and ingress/rate_limit of the environment; behind another "
        "proxy all clients have one address",
    )
    yield _recovery(scene, route)


def _limited(scene: Scene) -> Route:
    """A public page that the gateway answers by itself, where there is one, so that the burst loads no service."""
    public = [route for route in scene.routes if route.is_public]
    return next((route for route in public if route.answers), public[0])


def _recovery(scene: Scene, route: Route) -> Outcome:
    started = time.monotonic()
    with scene.browser() as browser:
        status = wait_until(
            lambda: browser.ask(route.url).status, RECOVERY_S, done=lambda status: status != 429
        )
    return Outcome.of(
        AREA,
        "rate limit recovers",
        status < 400,
        expected=f"answers again within {RECOVERY_S:g} s",
        found=f"{status} after {time.monotonic() - started:.1f} s",
    )


def burst(scene: Scene, route: Route, total: int) -> Counter[int]:
    """Counts the statuses of that many requests, sent as fast as possible."""
    share = [total // LINES + (1 if number < total % LINES else 0) for number in range(LINES)]
    with ThreadPoolExecutor(max_workers=LINES) as pool:
        counts = pool.map(lambda count: _line(scene, route, count), share)
        return sum(counts, Counter[int]())


def _line(scene: Scene, route: Route, count: int) -> Counter[int]:
    """Sends HEAD requests over one connection; answers have no body, so status lines can be counted."""
    request = f"HEAD {route.page} HTTP/1.1\r\nHost: {route.host}\r\n".encode()
    found: Counter[int] = Counter()
    with (
        socket.create_connection((scene.reach.address(route.host), 443), timeout=30) as plain,
        scene.trust.context.wrap_socket(plain, server_hostname=route.host) as secured,
        secured.makefile("rb") as stream,
    ):
        secured.sendall((request + b"\r\n") * (count - 1) + request + b"Connection: close\r\n\r\n")
        for line in stream:
            if line.startswith(b"HTTP/1.1 "):
                found[int(line.split()[1])] += 1
    return found
