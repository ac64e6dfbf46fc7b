"""An engine without a daemon, for trial boots: what is created on it, and how its containers fare as time passes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest

State = dict[str, Any]
Behaviour = Callable[[float], State]
"""The state of a container so many seconds after its start, as ``docker inspect`` has it."""


def healthy(after: float = 2.0) -> Behaviour:
    """Becomes healthy."""
    return lambda seconds: _running("healthy" if seconds >= after else "starting")


def unhealthy(printed: str, after: float = 5.0) -> Behaviour:
    """Its checks fail until the engine gives up on it."""
    return lambda seconds: _running("unhealthy" if seconds >= after else "starting", printed)


def ends(code: int, after: float = 1.0, *, out_of_memory: bool = False) -> Behaviour:
    """Its program ends."""
    ended = {"Status": "exited", "ExitCode": code, "OOMKilled": out_of_memory}
    return lambda seconds: ended if seconds >= after else _running("starting")


def unchecked(seconds: float) -> State:
    """Has no health check."""
    return {"Status": "running"}


def _running(health: str, printed: str = "") -> State:
    log = [{"ExitCode": 1, "Output": printed}] if printed else []
    return {"Status": "running", "Health": {"Status": health, "Log": log}}


def refused(what: str, status: int = 500) -> docker.errors.APIError:
    """An error of the engine."""
    response: Any = SimpleNamespace(status_code=status, reason="", url="")
    return docker.errors.APIError("Error", response=response, explanation=what)


class Clock:
    """Stands for the module ``time`` in the trial."""

    def __init__(self) -> None:
        self.now = 0.0
        self.then: Callable[[], object] = lambda: None

    def time(self) -> float:
        return 1_000_000 + self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.then()


@dataclass
class Container:
    """What it was created with."""

    id: str
    image: str
    settings: dict[str, Any]
    networks: dict[str, list[str]]
    files: dict[str, tuple[int, int, int, str]] = field(default_factory=dict)
    """By path: mode, owner, group and content."""
    started: float = 0.0

    @property
    def service(self) -> str:
        return str(self.settings["name"]).split("-", 4)[-1]

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.settings["labels"])


class FakeEngine:
    """Its API.

    Attributes:
        has_images: references that it has; others are pulled.
        unpullable, unstartable: the engine's error, by image; it says of ``unstartable`` that the image is at fault.
        fails: errors that the next attempts to pull or start an image meet, by image.
        behaves: by image.
        log: what each container has printed.
        all: every container that was ever created; ``present`` those that are there.
        done: what happened, in order.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.has_images: set[str] = set()
        self.unpullable: dict[str, str] = {}
        self.unstartable: dict[str, str] = {}
        self.fails: dict[str, list[Exception]] = {}
        self.behaves: dict[str, Behaviour] = {}
        self.log = "first\nlast words\n"
        self.all: list[Container] = []
        self.present: dict[str, Container] = {}
        self.networks_: list[dict[str, Any]] = []
        self.volumes_: list[dict[str, Any]] = []
        self.nodes_: list[dict[str, Any]] = []
        self.logins: list[Any] = []
        self.done: list[str] = []

    # -- what is there --

    def containers(self, all: bool = False, filters: dict[str, str] | None = None) -> list[dict[str, Any]]:
        name, has_value, value = (filters or {}).get("label", "").partition("=")
        wanted = (filters or {}).get("status", "running")
        present = self.present.values() if "running" in wanted else ()
        return [
            {"Id": each.id, "Labels": each.labels, "ImageID": ""}
            for each in present
            if not name or (each.labels.get(name) == value if has_value else name in each.labels)
        ]

    def info(self) -> dict[str, Any]:
        return {"Name": "manager"}

    def images(self) -> list[dict[str, Any]]:
        return []

    def networks(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        return list(self.networks_)

    def volumes(self, filters: dict[str, str]) -> dict[str, Any]:
        return {"Volumes": list(self.volumes_) or None}

    def nodes(self) -> list[dict[str, Any]]:
        return self.nodes_

    @property
    def is_empty(self) -> bool:
        return not (self.present or self.networks_ or self.volumes_)

    # -- images --

    def inspect_image(self, image: str) -> dict[str, Any]:
        if image not in self.has_images:
            raise docker.errors.ImageNotFound("404")
        return {}

    def pull(
        self, name: str, *, tag: str, stream: bool, decode: bool, auth_config: Any
    ) -> Iterator[dict[str, str]]:
        assert stream and decode
        self.logins.append(auth_config)
        self.done.append(f"pull {name}@{tag[:10]}")
        if self.fails.get(name):
            raise self.fails[name].pop(0)
        if name in self.unpullable:
            yield {"error": self.unpullable[name]}

    # -- making --

    def create_network(
        self, name: str, *, driver: str, internal: bool, options: dict[str, str], labels: dict[str, str]
    ) -> None:
        assert (driver, internal) == ("bridge", True)
        assert options == {"com.docker.network.bridge.inhibit_ipv4": "true"}
        self.networks_.append({"Id": name, "Labels": labels})

    def create_host_config(self, **words: Any) -> dict[str, Any]:
        return words

    def create_endpoint_config(self, *, aliases: list[str]) -> list[str]:
        return aliases

    def create_networking_config(self, endpoints: dict[str, list[str]]) -> dict[str, list[str]]:
        return endpoints

    def create_container(
        self, image: str, *, networking_config: dict[str, list[str]], **settings: Any
    ) -> dict[str, str]:
        assert all(each.settings["name"] != settings["name"] for each in self.present.values())
        made = Container(f"c{len(self.all)}", image, settings, networking_config)
        self.all.append(made)
        self.present[made.id] = made
        known = {each["Name"] for each in self.volumes_}
        for mount in settings["host_config"]["mounts"]:
            if mount["Source"] not in known:
                labels = mount["VolumeOptions"]["Labels"]
                self.volumes_.append({"Name": mount["Source"], "Labels": labels})
        return {"Id": made.id}

    def connect_container_to_network(self, container: str, network: str, *, aliases: list[str]) -> None:
        self.present[container].networks[network] = aliases

    def put_archive(self, container: str, path: str, data: bytes) -> bool:
        assert path == "/"
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for entry in archive:
                content = archive.extractfile(entry)
                assert content is not None
                self.present[container].files[f"/{entry.name}"] = (
                    entry.mode,
                    entry.uid,
                    entry.gid,
                    content.read().decode(),
                )
        return True

    def start(self, container: str) -> None:
        made = self.present[container]
        if made.image in self.unstartable:
            raise refused(self.unstartable[made.image], 400)
        if self.fails.get(made.image):
            raise self.fails[made.image].pop(0)
        made.started = self.clock.now
        self.done.append(f"start {made.service}")

    # -- looking --

    def inspect_container(self, container: str) -> dict[str, Any]:
        made = self.present[container]
        behaves = self.behaves.get(made.image, healthy())
        return {"State": behaves(self.clock.now - made.started)}

    def logs(self, container: str, *, tail: int) -> bytes:
        assert container in self.present
        return "".join(self.log.splitlines(keepends=True)[-tail:]).encode()

    # -- removing --

    def remove_container(self, container: str, *, force: bool, v: bool) -> None:
        assert force and v
        if container not in self.present:
            raise docker.errors.NotFound("404")
        self.done.append(f"remove {self.present.pop(container).service}")

    def remove_network(self, id_: str) -> None:
        self.networks_ = [each for each in self.networks_ if each["Id"] != id_]

    def remove_volume(self, name: str, *, force: bool) -> None:
        assert force
        self.volumes_ = [each for each in self.volumes_ if each["Name"] != name]


def install(patch: pytest.MonkeyPatch) -> FakeEngine:
    """An engine, and a trial that waits by its clock."""
    clock = Clock()
    patch.setattr("ops.boot.run.time", clock)
    patch.setattr("ops.boot.throwaway.time", clock)
    patch.setattr("ops.registry.pull.time", clock)
    return FakeEngine(clock)
