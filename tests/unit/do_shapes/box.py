"""An emulator to ask, each of whose answers is compared with the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from rehearsal.emulator import Emulator, Machines, Settings
from rehearsal.emulator.routes import ROUTER
from rehearsal.emulator.settings import Seconds
from tests.unit.do_shapes.shapes import faults_of_answer, faults_of_request

AT_ONCE = Seconds(create=0, action=0, destroy=0, database=0, firewall=0)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGcTsYKfHoT1Y4PYQ5fM2qCKDOOcGRzNFZ4tnuZWpJiK"
DROPLET = {"name": "one", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-12-x64"}
VOLUME = {"name": "data", "region": "fra1", "size_gigabytes": 10}
RULE = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["192.0.2.1"]}}
CLUSTER = {
    "name": "db",
    "engine": "pg",
    "version": "16",
    "size": "db-s-1vcpu-1gb",
    "region": "fra1",
    "num_nodes": 1,
}


@dataclass
class Box:
    emulator: Emulator
    client: httpx.Client
    well_answered: set[str] = field(default_factory=set)  # routes that answered 2xx

    def ask(self, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        """The body of the answer, which has the expected status and the fields of the tables."""
        answer = self.client.request(method, path, json=body)
        assert answer.status_code == expect, answer.text
        read = answer.json() if answer.content else None
        found = ROUTER.find(method, path.partition("?")[0])
        if found:
            route = f"{found[0].method} {found[0].path}"
            wrong = faults_of_answer(route, expect, read)
            if expect < 400:
                wrong += faults_of_request(route, body)
                self.well_answered.add(route)
            assert not wrong, wrong
        return read

    def refused(self, method: str, path: str, body: Any = None, *, status: int) -> str:
        """The message of a refusal."""
        message: str = self.ask(method, path, body, status)["message"]
        return message

    def done(self) -> None:
        """All that was begun has ended."""
        assert self.emulator.idle()

    def droplet(self, **more: Any) -> int:
        """An active droplet."""
        number: int = self.ask("POST", "/v2/droplets", {**DROPLET, **more}, 202)["droplet"]["id"]
        self.done()
        return number

    def volume(self, **more: Any) -> str:
        id: str = self.ask("POST", "/v2/volumes", {**VOLUME, **more}, 201)["volume"]["id"]
        return id

    def cluster(self, **more: Any) -> str:
        """An online database cluster."""
        id: str = self.ask("POST", "/v2/databases", {**CLUSTER, **more}, 201)["database"]["id"]
        self.done()
        return id


@contextmanager
def boxed(folder: Path, machines: Machines | None = None, settings: Settings | None = None) -> Iterator[Box]:
    """A running emulator where everything happens at once, unless the settings say otherwise."""
    settings = settings or Settings(AT_ONCE, requests_per_minute=100_000)
    with Emulator(folder, machines=machines, settings=settings) as emulator:
        headers = {"Authorization": "Bearer any"}
        with httpx.Client(base_url=emulator.url, headers=headers, trust_env=False, timeout=20) as client:
            yield Box(emulator, client)
