"""Twenty updates of a page behind a real Traefik under load: how many requests fail, as we deploy it and as `docker stack deploy` does.

The page is a stand-in; its health check, update policy, drain and stop grace are those of web. Run where 127.0.0.1 is the node of
the swarm. ``UPDATES`` and ``RATE`` change the numbers.
"""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from images import LOCK_FILE
from images.builder import lock
from ops.paths import ROOT
from tests.live.checkout import LOCAL, checkout, left_over

pytestmark = [
    pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"]),
    pytest.mark.proof,
]

UPDATES = int(os.environ.get("UPDATES", "20"))
RATE = int(os.environ.get("RATE", "60"))
"""Requests per second that are asked for; at least 50 have to come about."""
PORT = 18080
HOST, COMPOSE_HOST = "page.sprocket.localhost", "compose.sprocket.localhost"
CALLERS = 6

COMPOSE = """
version: "3.8"
services:
  page:
    image: {image}
    entrypoint: ["python3", "/server.py"]
    configs: [{{source: server, target: /server.py}}]
    networks: [try-edge]
    deploy:
      endpoint_mode: dnsrr
      labels:
        traefik.enable: "true"
        traefik.http.routers.compose.rule: Host(`{host}`)
        traefik.http.routers.compose.entrypoints: web
        traefik.http.services.compose.loadbalancer.server.port: "3000"
        traefik.swarm.network: try-edge
configs:
  server: {{file: {server}}}
networks:
  try-edge: {{external: true}}
"""
"""What a Compose file says that says nothing of updates: stop first, no health check, no drain."""


@dataclass
class Load:
    """Requests at a steady rate, each on a connection of its own, and how they ended."""

    host: str
    answers: Counter[str] = field(default_factory=Counter)
    tasks: set[str] = field(default_factory=set)
    seconds: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.answers.values())

    @property
    def failed(self) -> int:
        return self.total - self.answers["200"]

    def ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        try:
            connection.request("GET", "/", headers={"Host": self.host})
            answer = connection.getresponse()
            self.tasks.add(answer.read().decode(errors="replace"))
            self.answers[str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            self.answers[type(error).__name__] += 1
        finally:
            connection.close()

    @contextmanager
    def running(self) -> Iterator[None]:
        end = threading.Event()
        began = time.monotonic()

        def call(number: int) -> None:
            due = began + number / RATE
            while not end.is_set():
                time.sleep(max(0.0, due - time.monotonic()))
                self.ask()
                due += CALLERS / RATE

        threads = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            end.set()
            for each in threads:
                each.join()
            self.seconds = time.monotonic() - began

    def __str__(self) -> str:
        rate = self.total / self.seconds
        bad = {key: count for key, count in self.answers.items() if key != "200"}
        return (
            f"{self.total} requests in {self.seconds:.0f} s ({rate:.0f}/s), {len(self.tasks)} tasks answered, "
            f"{self.failed} failed {bad or ''}"
        )


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def update(service: str, times: int) -> None:
    """As with a new image: new tasks in place of all, and the next update when the swarm has finished the last."""
    for _ in range(times):
        before = last_update(service)[1]
        docker("service", "update", "--force", "--detach", service)
        end = time.monotonic() + 120
        while (found := last_update(service))[0] != "completed" or found[1] == before:
            assert found[0] in ("", "updating", "completed"), found
            assert time.monotonic() < end
            time.sleep(0.5)


def last_update(service: str) -> tuple[str, str]:
    """State of a service's last update and when it began; empty before the first."""
    shown = docker(
        "service", "inspect", service, "--format", "{{with .UpdateStatus}}{{.State}} {{.StartedAt}}{{end}}"
    )
    state, _, began = shown.partition(" ")
    return state, began


def websocket(codes: list[int]) -> threading.Thread:
    """Opens a WebSocket to the page and notes how it is closed."""
    opened = threading.Event()

    def wait() -> None:
        with connect(
            f"ws://{HOST}:{PORT}/", address=("127.0.0.1", PORT), proxy=None, compression=None
        ) as socket:
            opened.set()
            try:
                socket.recv(timeout=120)
            except ConnectionClosed as closed:
                codes.append(closed.rcvd.code if closed.rcvd else 1006)

    thread = threading.Thread(target=wait)
    thread.start()
    assert opened.wait(timeout=30)
    return thread


def until_answered(host: str) -> None:
    end = time.monotonic() + 60
    while True:
        load = Load(host)
        for _ in range(5):
            load.ask()
        if not load.failed:
            return
        assert time.monotonic() < end, load.answers
        time.sleep(1)


def test_twenty_updates_under_load(tmp_path: Path) -> None:
    images = lock.load(LOCK_FILE)
    names = {
        variable: f"{images[name].name} {images[name].tag} {images[name].digest}"
        for variable, name in (("TRY_TRAEFIK", "traefik"), ("TRY_PAGE", "web"))
    }
    copy = tmp_path / "copy"
    copy.mkdir()
    with checkout(copy, "rolling_platform", environments=("local",)) as here:
        shutil.copy(ROOT / "tests" / "live" / "rolling_platform" / "server.py", copy)
        here.always(**names, TRY_PORT=str(PORT))
        here.run("deploy", *LOCAL, "--stable", "2")
        until_answered(HOST)
        codes: list[int] = []
        ours = Load(HOST)
        with ours.running():
            open_socket = websocket(codes)
            update("try-page", UPDATES)
            open_socket.join(timeout=10)
        print(f"\n{UPDATES} updates each, Traefik {images['traefik'].version} ({images['traefik'].kind})")
        print(f"as deployed here:      {ours}\n  its WebSocket was closed with {codes}", flush=True)
        compose = Load(COMPOSE_HOST)
        file = tmp_path / "compose.yml"
        name, tag, digest = names["TRY_PAGE"].split()
        server = ROOT / "tests" / "live" / "rolling_platform" / "server.py"
        file.write_text(COMPOSE.format(image=f"{name}:{tag}@{digest}", host=COMPOSE_HOST, server=server))
        docker("stack", "deploy", "--resolve-image", "never", "-c", str(file), "try-compose")
        try:
            until_answered(COMPOSE_HOST)
            with compose.running():
                update("try-compose_page", UPDATES)
        finally:
            docker("stack", "rm", "try-compose")
            time.sleep(5)
        print(f"docker stack deploy:   {compose}")
        assert ours.failed == 0, ours
        assert ours.total / ours.seconds >= 50, ours
        assert len(ours.tasks) > UPDATES, "each update brought a new task"
        assert codes == [1001]
        assert compose.failed > 0, "the load finds what fails: the comparison is not empty"
    assert left_over() == []
