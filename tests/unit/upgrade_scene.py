"""Stores whose declared version is not the one that has their data: Postgres with directories, Redis and RabbitMQ in place."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.backup.world import World
from ops.check import acknowledgement
from ops.swarm.containers import Finished
from ops.terraform.synth import Synthesized
from ops.terraform.target import targets_in
from tests.unit.ops_backups import (
    SENDER,
    Backups,
    FakeStore,
    FakeTasks,
    FakeWorld,
    _job,
    _snapshot,
    stack_with_backups,
)
from tests.unit.ops_cloud import change
from tests.unit.ops_fixtures import DIGEST_1, at, network, service
from tests.unit.ops_swarm import on_swarm, task
from tests.unit.ops_terraform import resource

OLD = {"postgres": "17.11", "redis": "7.4.1", "rabbitmq": "4.0.9", "minio": "2025-10-15T17-29-55Z"}
NEW = {"postgres": "18.6", "redis": "8.2.9", "rabbitmq": "4.1.2", "minio": "2026-02-12T20-18-48Z"}
STORES = tuple(OLD)
FLAGS = [{"name": "stream_queue", "state": "disabled", "stability": "stable"}]


def document(versions: dict[str, str]) -> dict[str, Any]:
    """The stack with these versions: each store has a client, a job and a keeper."""
    found = stack_with_backups()
    services, rest = found["resource"]["docker_service"], found["resource"]
    rest["terraform_data"] = {}
    for name in STORES:
        networks = (f"{name}_net",)
        image = f"{name}:{versions[name]}@{DIGEST_1}"
        mounts = {"/data": f"{name}_data"}
        services[name] = service(f"data/{name}", name=name, image=image, networks=networks, mounts=mounts)
        services[f"{name}_keeper"] = service(f"data/{name}/keeper", name=f"{name}-keeper", networks=networks)
        services[f"{name}_client"] = service(f"platform/{name}", name=f"{name}-client", networks=networks)
        services[f"{name}_backup"] = _job(name, stops="clients", networks=networks)
        rest["docker_network"][f"{name}_net"] = network(f"data/{name}/network", name=f"{name}-net")
        for volume in ("spool", "data"):
            rest["docker_volume"][f"{name}_{volume}"] = at(f"data/{name}/{volume}", name=f"{name}-{volume}")
        record = at("x", input={"program": name, "version": versions[name]})
        record["//"]["metadata"]["path"] = f"local-services/data/{name}/data-version"
        rest["terraform_data"][f"{name}_version"] = record
    services["sender"] = service(
        "data/backups/sender", name=SENDER, mounts={f"/spool/{name}": f"{name}_spool" for name in STORES}
    )
    for name in ("core", "web"):
        del services[name]
    return found


class Directories:
    """What the script in the container of Postgres answers."""

    def __init__(self, done: list[str]) -> None:
        self.runs = self.uses = "17"
        self.begun = ""
        self.closed = False
        self.kib = {"17": 1000}
        self.free = 50_000
        self.tables = 0
        self.cut_off = 0
        """Lines that the next reading lacks."""
        self._done = done

    def answer(self, verb: str, *words: str) -> Finished:
        if verb == "show":
            lines = [
                f"runs {self.runs}",
                f"version {self.uses}",
                f"free {self.free}",
                f"tables {self.tables}",
            ]
            lines += [f"upgrade {self.begun}"] if self.begun else []
            lines += [f"closed {self.runs}"] if self.closed else []
            lines += [f"directory {major} {count}" for major, count in self.kib.items()]
            whole = [*lines, f"free {self.free}"]
            self.cut_off, kept = 0, len(whole) - self.cut_off
            return Finished(code=0, output="\n".join(whole[:kept]))
        self._done.append(" ".join([verb, *words]))
        if verb == "allow":
            self.begun = f"{self.uses} {words[0]} {words[1]}"
        elif verb == "finish":
            self.uses, self.begun, self.closed = self.runs, "", False
        elif verb == "cancel":
            self.begun = ""
        elif verb == "remove":
            self.kib.pop(words[0], None)
        return Finished(code=0, output="")

    def start(self, major: str) -> None:
        """The server of a version starts, as its start script does."""
        self.runs = major
        self.kib.setdefault(major, 10)
        self.closed = self.uses != major


class StoreTasks(FakeTasks):
    """Servers of the stores, too."""

    def __init__(self, stores: dict[str, FakeStore], directories: Directories, done: list[str]) -> None:
        super().__init__(stores)
        self.directories = directories
        self.flags = list(FLAGS)
        self._done = done
        self.api = SetAsideApi(done)

    def engine(self, container: str) -> Any:
        return self.api

    def run(self, container: str, *words: str) -> Finished:
        if container == "postgres":
            return self.directories.answer(*words[2:])
        if container == "rabbitmq" and "enable_feature_flag" in words:
            self._done.append("enable feature flags")
            self.flags = [{**flag, "state": "enabled"} for flag in self.flags]
            return Finished(code=0, output="")
        if container == "rabbitmq":
            return Finished(code=0, output=json.dumps(self.flags))
        return super().run(container, *words)


class SetAsideApi:
    """The engine's API, as far as a container goes that moves what a store has."""

    def __init__(self, done: list[str]) -> None:
        self.done = done
        self.code = 0

    def inspect_container(self, container: str) -> dict[str, Any]:
        mount = {"Destination": "/data", "Name": f"{container}-data", "Source": "/var/lib/docker/x"}
        return {"Mounts": [mount], "Image": "sha256:of-the-server"}

    def create_host_config(self, **values: Any) -> dict[str, Any]:
        return values

    def create_container(
        self, image: str, *, entrypoint: list[str], host_config: dict[str, Any], **_: Any
    ) -> dict[str, str]:
        assert host_config["network_mode"] == "none"
        self.done.append(f"{entrypoint[3]} {host_config['binds'][0]} {entrypoint[-1].rpartition('-')[0]}")
        return {"Id": "aside"}

    def start(self, id_: str) -> None:
        assert id_ == "aside"

    def wait(self, id_: str, timeout: int) -> dict[str, int]:
        return {"StatusCode": self.code}

    def logs(self, id_: str) -> bytes:
        return b"error: a server has /data open"

    def remove_container(self, id_: str, force: bool) -> None:
        assert force


class UpgradeWorld(FakeWorld):
    """Its bucket has what is sent, too."""

    stores: dict[str, FakeStore]

    def send_to_bucket(self, *words: str, content: bytes | None = None) -> bytes:
        if words[0] != "snapshots":
            return super().send_to_bucket(*words, content=content)
        found = json.loads(super().send_to_bucket(*words))
        for name, store in self.stores.items():
            if (store.spool / "sent").exists():
                raw = _snapshot(0, name, 0, self.size)
                found.append({**raw, "id": "9" * 8 + "ffff" + "e" * 52})
        return json.dumps(found).encode()


class UpgradeScene(Backups):
    """All of it, where every store is declared in its new version and has its data in the old one."""

    def __init__(self, patch: pytest.MonkeyPatch, root: Path) -> None:
        super().__init__(patch, root)
        for name in ("postgres", "rabbitmq"):
            (root / name).mkdir()
            self.stores[name] = FakeStore(name=name, spool=root / name, done=self.done)
        self.directories = Directories(self.done)
        self.server_tasks = StoreTasks(self.stores, self.directories, self.done)
        names = [f"{name}{part}" for name in STORES for part in ("", "-keeper", "-client", "-backup")]
        self.swarm.services_ = [on_swarm(name) for name in (*names, "bot", SENDER)]
        self.swarm.tasks_ = [task(f"{each.name}.0", each.name) for each in self.swarm.services_]
        self.swarm.api.containers = lambda all: []
        self._settings = load_environment("local")
        self.folder = root / "environments"
        patch.setattr(acknowledgement, "environments_folder", lambda: self.folder)
        self.declare(NEW)
        self.recorded(OLD)
        self.terraform.changes = [change("docker_service.postgres", "update", before={}, after={"name": "x"})]
        self.terraform.on_apply = self._applied

    def declare(self, versions: dict[str, str]) -> None:
        """What the files say."""
        self.versions = {**OLD, **versions}
        found = Synthesized(
            out=Path("/nowhere"), stacks={self._settings.services_stack: document(self.versions)}
        )
        self.targets = targets_in(self._settings, found)
        self.upgrades = UpgradeWorld(target=self.targets.services, swarm=self.swarm, tasks=self.server_tasks)
        self.upgrades.copies, self.upgrades.sent = self.world.copies, {}
        self.upgrades.stores = self.stores

    def recorded(self, versions: dict[str, str]) -> None:
        """What the state says."""
        self.terraform.resources = [
            resource(f"terraform_data.{name}_version", input={"program": name, "version": version})
            | {"mode": "managed", "name": f"{name}_version"}
            for name, version in versions.items()
        ]

    def acknowledge(self, store: str, from_: str, to: str) -> None:
        file = self.folder / "acknowledged" / "local.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        entry = f'{{store: {store}, from: "{from_}", to: "{to}", reason: a test, until: 9999-12-31}}'
        file.write_text(f"upgrades:\n  - {entry}\n")

    def as_world(self) -> World:
        return self.upgrades

    def _applied(self) -> None:
        """Terraform sets the server, its keeper and its job as they are declared."""
        (_, targets) = self.terraform.planned[-1]
        for address in targets:
            kind, _, name = address.partition(".")
            if kind == "docker_service":
                self.start(name.replace("_", "-"))
        self.recorded(
            {**OLD, **{name: self.versions[name] for name in STORES if f"docker_service.{name}" in targets}}
        )
        if "docker_service.postgres" in targets:
            self.directories.start(self.versions["postgres"].partition(".")[0])

    def start(self, name: str) -> None:
        """One task of a service."""
        self.stop(name)
        self.swarm.services_ = [each for each in self.swarm.services_ if each.name != name] + [on_swarm(name)]
        self.swarm.tasks_ = [*self.swarm.tasks_, task(f"{name}.{time.monotonic_ns()}", name)]
