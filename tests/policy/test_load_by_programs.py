"""Bounded bursts against the real Traefik with what is rendered for it: who is slowed down, who is not, and what it costs.

Addresses of loopback stand for clients. Where the programs are looked for: tests/programs.py. The whole platform under a
burst: tests/live/test_load.py.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from sprocket_constructs import LogRotation

from tests.burst import Background, burst, p95
from tests.loopback_ingress import PAGE, PUBLIC, Cookies, Ingress, on_loopback

COUNT = 3000
THREADS = 16
P95_S = 0.5
"""Of an admin page, while another client bursts on two shared cores. Alone it takes a hundredth."""
LINE = 1200
"""Bytes of one request in the access log, at most, where the client sends nothing long."""
MIB = 2**20


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    with on_loopback(tmp_path_factory.mktemp("ingress")) as running:
        yield running


def limit(pair: Ingress) -> int:
    """Bytes of memory that Traefik's task may have in prod."""
    text = pair.stack.service("traefik").resources.memory_limit
    assert text.endswith("MiB")
    return int(text.removesuffix("MiB")) * MIB


def test_one_client_is_slowed_down_and_the_page_stands_behind_the_limit(started: Ingress) -> None:
    rate = started.stack.site.settings.ingress.rate_limit
    done = burst(COUNT, THREADS, lambda: started.ask(PUBLIC, source="127.0.1.1").status)
    print(f"{COUNT} requests in {done.seconds:.1f} s: {dict(done.statuses)}")
    assert set(done.statuses) == {200, 429}
    allowed = done.most_let_through(average=rate.average, burst=rate.burst)
    assert rate.burst <= done.statuses[200] <= allowed < COUNT / 2, (done, allowed)


def test_another_client_opens_admin_pages_meanwhile(started: Ingress) -> None:
    cookies = Cookies()
    assert started.callback(cookies).status == 307
    with Background(THREADS, lambda: started.ask(PUBLIC, source="127.0.1.2").status) as flood:
        # 40 are within what one client may ask at once.
        answers = [started.ask(PAGE, cookies=cookies, source="127.0.1.3") for _ in range(40)]
    taken = p95([answer.seconds for answer in answers])
    print(f"p95 {taken * 1000:.0f} ms beside {dict(flood.statuses)}")
    assert {answer.status for answer in answers} == {200}
    assert flood.statuses[429] > flood.statuses[200]
    assert taken < P95_S


def test_a_client_that_bursts_at_the_sign_in_is_slowed_down_too(started: Ingress) -> None:
    done = burst(1000, THREADS, lambda: started.ask(PAGE, source="127.0.1.4").status)
    assert set(done.statuses) == {307, 429}
    assert done.statuses[429] > done.statuses[307]


def test_memory_stays_below_the_limit_with_many_clients(started: Ingress) -> None:
    """Each has a bucket of its own in the rate limit."""
    before = started.memory
    addresses = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(2000)]
    last = iter(addresses)
    done = burst(len(addresses), THREADS, lambda: started.ask(PUBLIC, source=next(last)).status)
    after = started.memory
    print(f"Traefik: {before // MIB} MiB before, {after // MIB} MiB after {len(addresses)} clients")
    assert set(done.statuses) == {200}
    assert after < 0.9 * limit(started)


def test_clients_that_hold_connections_open_cost_little(started: Ingress) -> None:
    before = started.memory
    held = [socket.create_connection(("127.0.0.1", started.port), timeout=10) for _ in range(500)]
    try:
        for each in held:
            each.sendall(f"GET / HTTP/1.1\r\nHost: {PUBLIC}\r\nX-Slow: ".encode())
        assert started.ask(PUBLIC, source="127.0.1.5").status == 200
        grown = started.memory - before
    finally:
        for each in held:
            each.close()
    print(f"500 slow connections: {grown // 1024} KiB")
    assert grown < 64 * MIB
    assert started.memory < 0.9 * limit(started)


def test_a_request_is_a_short_line_in_the_log(started: Ingress) -> None:
    lines = started.access_log.splitlines()
    if len(lines) < 100:
        burst(200, THREADS, lambda: started.ask(PUBLIC, source="127.0.1.6").status)
        lines = started.access_log.splitlines()
    assert max(map(len, lines)) < LINE, max(lines, key=len)


def test_a_request_with_long_headers_is_refused_and_not_logged(started: Ingress) -> None:
    """Nobody writes a megabyte into the log with one request."""
    before = len(started.access_log)
    for path, headers in ((f"/{'a' * 100_000}", {}), ("/", {"User-Agent": "b" * 100_000})):
        connection = HTTPConnection("127.0.0.1", started.port, timeout=10)
        connection.request("GET", path, headers={"Host": PUBLIC, **headers})
        try:
            assert connection.getresponse().status == 431
        finally:
            connection.close()
    assert len(started.access_log) - before < 4096


def test_what_traefik_writes_is_rotated(started: Ingress) -> None:
    """Its access log goes to the task's output, which the engine keeps up to so much."""
    static = started.stack.yaml("traefik", "/etc/traefik/traefik.yml")
    assert "filePath" not in static["accessLog"]
    logs = started.stack.service("traefik").logs
    assert json.dumps(logs.options) == json.dumps(LogRotation().options)
    assert kept(logs) <= 30 * MIB


def kept(logs: LogRotation) -> int:
    """Bytes of a task's output that the engine keeps."""
    assert logs.max_size.endswith("m")
    return int(logs.max_size.removesuffix("m")) * MIB * logs.max_file
