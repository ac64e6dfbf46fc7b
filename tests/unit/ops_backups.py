"""Stores with backups, for the tests of ops: their jobs, their sender, the bucket, and a swarm that scales."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from layers.loading import load_environment
from ops.backup.world import World
from ops.errors import OpsError
from ops.swarm.containers import Finished, Tasks
from ops.terraform.synth import Synthesized
from ops.terraform.target import Targets, targets_in
from tests.unit import ops_swarm, ops_terraform
from tests.unit.ops_clock import FakeClock
from tests.unit.ops_fixtures import at, network, service
from tests.unit.ops_swarm import FakeSwarm, on_swarm, task
from tests.unit.ops_terraform import FakeTerraform

SENDER = "backup-sender"
MANIFEST = ["keys 3 abc", "documents 1 def"]
HOUR_S = 3600.0


def stack_with_backups() -> dict[str, Any]:
    """Redis, which core uses, and MinIO, which must not run while its files are read back, and web uses."""
    services = {
        "redis": service("data/redis", name="redis", networks=("redis_net",)),
        "minio": service("data/minio", name="minio", networks=("minio_net",)),
        "core": service("platform/main/core", name="core", networks=("redis_net",), replicas=2),
        "web": service("platform/main/web", name="web", networks=("minio_net",)),
        "bot": service("platform/main/bot", name="bot"),
        "redis_backup": _job("redis", stops="clients", networks=("redis_net",)),
        "minio_backup": _job("minio", stops="server"),
        "sender": service(
            "data/backups/sender",
            name=SENDER,
            mounts={"/spool/redis": "redis_spool", "/spool/minio": "minio_spool"},
        ),
    }
    return {
        "terraform": {"backend": {"local": {"path": "x.tfstate"}}},
        "resource": {
            "docker_service": services,
            "docker_network": {
                f"{name}_net": network(f"data/{name}/network", name=f"{name}-net")
                for name in ("redis", "minio")
            },
            "docker_volume": {
                f"{name}_spool": at(f"data/{name}/backup/spool", name=f"{name}-spool")
                for name in ("redis", "minio")
            },
        },
    }


def _job(store: str, *, stops: str, networks: tuple[str, ...] = ()) -> dict[str, Any]:
    return service(
        f"data/{store}/backup",
        name=f"{store}-backup",
        networks=networks,
        mounts={"/spool": f"{store}_spool"},
        labels={
            "backup.store": store,
            "backup.server": store,
            "backup.every": "24h0m0s",
            "backup.stops": stops,
        },
    )


@dataclass
class FakeStore:
    """A store's job and its sender, which answer what is in the spool each time somebody waits.

    Attributes:
        fails: by verb (copy, load, verify, fetch, send) the last line that is said before it fails.
        holds: lines of a manifest that a server reads from what was fetched.
        during: runs while a verb is being done.
        deaf: verbs that are never answered.
    """

    name: str
    spool: Path
    done: list[str]
    fails: dict[str, str] = field(default_factory=dict)
    holds: list[str] = field(default_factory=lambda: list(MANIFEST))
    during: dict[str, Callable[[], object]] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)

    def answer(self) -> None:
        """As the loops of the job and of the sender."""
        if (request := self.spool / "request").exists():
            id_, verb = request.read_text().split()
            if verb not in self.deaf:
                self._job(id_, verb)
                request.unlink()
        if (fetch := self.spool / "fetch").exists():
            id_, snapshot = fetch.read_text().split()
            code = self._do("fetch", f" {snapshot[:8]}")
            self._write("fetch-output", self.fails.get("fetch", ""))
            self._write("fetch-result", f"{id_} {code}")
            (self.spool / "fetched").mkdir(exist_ok=True)
            self._write("fetched/manifest", "\n".join(MANIFEST))
            fetch.unlink()
        if (copy := self.spool / "copy").exists():
            made = copy.read_text()
            if self._do("send"):
                self._write("send-failed", f"{made} {self.fails['send']}")
            else:
                self._write("sent", f"{made} {'9' * 8}ffff 5000000 2")
                copy.unlink()

    def _job(self, id_: str, verb: str) -> None:
        code = self._do(verb)
        said = self.fails.get(verb) or "\n".join(["reading", *self.holds])
        self._write("output", f"{said}\n")
        if verb == "copy" and not code:
            made = str(int(time.time()))
            self._write("copied", made)
            self._write("copy", made)
        self._write("result", f"{id_} {code}")

    def _do(self, verb: str, words: str = "") -> int:
        self.done.append(f"{verb} {self.name}{words}")
        self.during.get(verb, lambda: None)()
        return 1 if verb in self.fails else 0

    def _write(self, name: str, text: str) -> None:
        (self.spool / name).write_text(text)


class FakeTasks(Tasks):
    """Runs the commands of this machine's shell, in folders that stand for the spools.

    Attributes:
        down: services without a task.
    """

    def __init__(self, stores: dict[str, FakeStore]) -> None:
        self._stores = stores
        self.down: set[str] = set()

    def container(self, service: str) -> str | None:
        return None if service in self.down else service

    def run(self, container: str, *words: str) -> Finished:
        folders = {f"/spool/{name}": str(store.spool) for name, store in self._stores.items()}
        if container != SENDER:
            folders["/spool"] = str(self._stores[container.removesuffix("-backup")].spool)
        done = subprocess.run(
            [folders.get(word, word) for word in words],
            capture_output=True,
            text=True,
            check=False,
        )
        return Finished(code=done.returncode, output=done.stdout + done.stderr)


class ScalingApi:
    """The engine's API, as far as the number of tasks goes: tasks start and end at once."""

    def __init__(self, swarm: ScalingSwarm) -> None:
        self._swarm = swarm

    def inspect_service(self, id_: str) -> dict[str, Any]:
        return {"Version": {"Index": 7}}

    def update_service(
        self, id_: str, *, version: int, name: str, mode: dict[str, Any], fetch_current_spec: bool
    ) -> None:
        assert version == 7 and fetch_current_spec and id_ == name
        count = mode["Replicated"]["Replicas"]
        self._swarm.done.append(f"{name} {count}")
        self._swarm.services_ = [
            replace(each, replicas=count) if each.name == name else each for each in self._swarm.services_
        ]
        left = [each for each in self._swarm.tasks_ if each.service_id != name]
        self._swarm.tasks_ = left + [task(f"{name}.{number}", name) for number in range(count)]


class ScalingSwarm(FakeSwarm):
    """A swarm whose services can be scaled."""

    def __post_init__(self) -> None:
        self._api = cast(Any, ScalingApi(self))

    def info(self) -> dict[str, Any]:
        return {"Name": "here"}


class FakeWorld(World):
    """An environment with two stores and a bucket.

    Attributes:
        copies: in the bucket: name and age in seconds.
        size: of each of them, in bytes.
        sent: what came in through the sender, by name.
    """

    copies: list[tuple[str, float]]
    size: int = 1000
    sent: dict[str, bytes]

    def send_to_bucket(self, *words: str, content: bytes | None = None) -> bytes:
        if self.tasks.container(SENDER) is None:
            raise OpsError(f"no task of {SENDER} runs")
        if words[0] == "send_input":
            assert content is not None
            self.sent[words[1]] = content
            return b"{}"
        if words[0] == "print_file":
            return self.sent[words[1]]
        return json.dumps(
            [_snapshot(number, name, age_s, self.size) for number, (name, age_s) in enumerate(self.copies)]
        ).encode()


def _snapshot(number: int, name: str, age_s: float, count: int) -> dict[str, Any]:
    made = datetime.fromtimestamp(time.time() - age_s, UTC).isoformat().replace("+00:00", "Z")
    summary = {"backup_start": "2026-01-01T00:00:00Z", "backup_end": "2026-01-01T00:00:02.5Z"}
    return {
        "id": f"{number:08x}" + "e" * 56,
        "time": made,
        "tags": [name],
        "summary": {**summary, "total_bytes_processed": count},
    }


class Backups:
    """All of it together, on a clock that passes only while somebody waits."""

    def __init__(self, patch: pytest.MonkeyPatch, root: Path) -> None:
        self.done: list[str] = []
        # Ages are compared to the second.
        today = time.time()
        patch.setattr(time, "time", lambda: today)
        self.stores = {}
        for name in ("redis", "minio"):
            (root / name).mkdir()
            self.stores[name] = FakeStore(name=name, spool=root / name, done=self.done)
        self.clock = FakeClock(patch, self._answer)
        self.tasks = FakeTasks(self.stores)
        names = {"redis": 1, "minio": 1, "core": 2, "web": 1, "bot": 1, SENDER: 1}
        names |= {"redis-backup": 1, "minio-backup": 1}
        self.swarm = ScalingSwarm(
            done=self.done,
            services_=[on_swarm(name, replicas=count) for name, count in names.items()],
            tasks_=[task(f"{name}.{n}", name) for name, count in names.items() for n in range(count)],
        )
        ops_swarm.connect(patch, self.swarm)
        self.terraform = FakeTerraform(name="services", done=self.done)
        ops_terraform.give(patch, services=self.terraform)
        settings = load_environment("local")
        self.targets: Targets = targets_in(
            settings,
            Synthesized(out=Path("/nowhere"), stacks={settings.services_stack: stack_with_backups()}),
        )
        self.world = FakeWorld(target=self.targets.services, swarm=self.swarm, tasks=self.tasks)
        self.world.copies = [("redis", 2 * HOUR_S), ("minio", 3 * HOUR_S), ("redis", HOUR_S)]
        self.world.sent = {}
        self.said: list[str] = []

    @property
    def redis(self) -> FakeStore:
        """The first store."""
        return self.stores["redis"]

    @property
    def scaled(self) -> list[str]:
        """Which services were scaled, in order."""
        return [each for each in self.done if each.rpartition(" ")[2].isdigit() and len(each.split()) == 2]

    def replicas(self) -> dict[str, int]:
        """As the swarm has them."""
        return {service.name: service.replicas for service in self.swarm.services_}

    def make_stand_in(self, store: str) -> str:
        """Has a store's job say that it copies nothing; the reason."""
        why = f"{store} is a stand-in here, which keeps nothing"
        services = self.targets.services.document["resource"]["docker_service"]
        services[f"{store}_backup"]["labels"].append({"label": "backup.skips", "value": why})
        self.world.__dict__.pop("services", None)
        self.world.__dict__.pop("jobs", None)
        return why

    def stop(self, *names: str) -> None:
        """Leaves services without a task, as a restore that was killed does."""
        self.swarm.services_ = [
            replace(each, replicas=0) if each.name in names else each for each in self.swarm.services_
        ]
        self.swarm.tasks_ = [each for each in self.swarm.tasks_ if each.service_id not in names]

    def _answer(self, now: float) -> None:
        for store in self.stores.values():
            store.answer()

    def say(self, text: str) -> None:
        """Notes what is shown."""
        self.said.append(text)
