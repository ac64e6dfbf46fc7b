"""A swarm through its engine's own API, for the doctor: what is there, what its containers answer, what fails."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from layers.loading import load_environment
from ops.doctor import run
from ops.doctor.finding import Diagnosis
from ops.swarm.engine import Swarm
from ops.terraform.lock_holder import LockHolder
from tests.unit.ops_boundaries import targets_of
from tests.unit.ops_fixtures import DIGEST_1, stack

HEALTHY_DF = (
    "Filesystem 1024-blocks Used Available Capacity Mounted on\noverlay 50000000 10000000 40000000 20% /\n"
)
NODE = "prod-app-1"


def ago(seconds: float) -> str:
    """A time as the engine writes it."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Engine:
    """The API of a manager of one node, with the two services of the fixture (tests/unit/ops_fixtures.py) well.

    Attributes:
        answers: what a command inside a container prints, and its exit code, by the container and the start of its words; or what
            makes them of the words.
        elsewhere: services whose tasks are on a node that is not reached.
        replaced: services whose task has ended since the tasks were listed, and whose next one has no container yet.
        log: of every task.
    """

    raw_services: list[dict[str, Any]] = field(default_factory=list)
    raw_tasks: list[dict[str, Any]] = field(default_factory=list)
    raw_nodes: list[dict[str, Any]] = field(default_factory=list)
    health: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[tuple[str, str], tuple[int, str] | Callable[[Sequence[str]], tuple[int, str]]] = field(
        default_factory=dict
    )
    log: str = "last words\n"
    clock_off_s: float = 0.0
    name: str = NODE
    elsewhere: Sequence[str] = ()
    replaced: Sequence[str] = ()
    _execs: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.raw_nodes = [
            {
                "ID": "n1",
                "Version": {"Index": 1},
                "Spec": {"Role": "manager", "Availability": "active", "Labels": {"disk": "ssd"}},
                "Description": {
                    "Hostname": self.name,
                    "Resources": {"MemoryBytes": 4_000_000_000, "NanoCPUs": 2_000_000_000},
                },
                "Status": {"State": "ready"},
                "ManagerStatus": {"Reachability": "reachable"},
            }
        ]
        for name, image in (
            ("redis", f"redis:8.2@{DIGEST_1}"),
            ("web", f"example.org/app:1.2@{DIGEST_1}"),
        ):
            self.raw_services.append(
                {
                    "ID": f"{name}-id",
                    "CreatedAt": ago(86400),
                    "Spec": {
                        "Name": name,
                        "Mode": {"Replicated": {"Replicas": 1}},
                        "TaskTemplate": {"ContainerSpec": {"Image": image}},
                    },
                }
            )
            self.raw_tasks.append(self.task(name, "running", seconds=3600))

    def task(
        self, service: str, state: str, *, seconds: float = 5, error: str = "", **more: Any
    ) -> dict[str, Any]:
        """A task; one that failed is not wanted any more."""
        number = len(self.raw_tasks)
        ended = state in ("failed", "rejected", "complete")
        status = {"State": state, "Timestamp": ago(seconds), "Err": error}
        status["ContainerStatus"] = {"ContainerID": f"{service}-{number}", "ExitCode": more.get("code")}  # type: ignore[assignment]
        return {
            "ID": f"task{number}",
            "ServiceID": f"{service}-id",
            "NodeID": "" if state == "pending" else "n1",
            "Slot": 1,
            "DesiredState": "shutdown" if ended else "running",
            "Status": status,
            "Spec": {
                "Resources": {
                    "Limits": {"MemoryBytes": 64_000_000},
                    "Reservations": {"MemoryBytes": 32_000_000},
                }
            },
        }

    def ends(self, service: str, error: str, *, code: int | None = None, state: str = "failed") -> None:
        """A service whose tasks end, and are started again."""
        self.raw_tasks = [each for each in self.raw_tasks if each["ServiceID"] != f"{service}-id"]
        for seconds in (40, 20):
            self.raw_tasks.append(self.task(service, state, seconds=seconds, error=error, code=code))
        self.raw_tasks.append(self.task(service, "ready", seconds=1))

    def runs(self, service: str) -> None:
        """A further service, which is well."""
        spec = {"TaskTemplate": {"ContainerSpec": {"Image": f"example.org/app:1.2@{DIGEST_1}"}}}
        spec |= {"Name": service, "Mode": {"Replicated": {"Replicas": 1}}}  # type: ignore[dict-item]
        self.raw_services.append({"ID": f"{service}-id", "CreatedAt": ago(7 * 86400), "Spec": spec})
        self.raw_tasks.append(self.task(service, "running", seconds=3600))

    def waits(self, service: str, error: str) -> None:
        """A service whose task finds no node."""
        self.raw_tasks = [each for each in self.raw_tasks if each["ServiceID"] != f"{service}-id"]
        self.raw_tasks.append(self.task(service, "pending", error=error))

    def of(self, service: str) -> dict[str, Any]:
        """A service's tasks, as they are specified."""
        spec = next(each["Spec"] for each in self.raw_services if each["Spec"]["Name"] == service)
        found: dict[str, Any] = spec["TaskTemplate"]
        return found

    # -- the engine's API --

    def info(self) -> dict[str, Any]:
        return {"Name": self.name, "SystemTime": ago(-self.clock_off_s)}

    def nodes(self) -> list[dict[str, Any]]:
        return self.raw_nodes

    def services(self) -> list[dict[str, Any]]:
        return copy.deepcopy(self.raw_services)

    def tasks(self) -> list[dict[str, Any]]:
        away = [f"{name}-id" for name in self.elsewhere]
        return [{**each, "NodeID": "n2"} if each["ServiceID"] in away else each for each in self.raw_tasks]

    def networks(self) -> list[dict[str, Any]]:
        return [{"Id": "net-1", "Name": "redis-net"}]

    def containers(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        _, _, service = filters["label"].partition("=")
        running = [each for each in self.raw_tasks if each["Status"]["State"] == "running"]
        return [
            {"Id": each["Status"]["ContainerStatus"]["ContainerID"], "Created": 1}
            for each in running
            if not service or each["ServiceID"] == f"{service}-id"
            if each["ServiceID"].removesuffix("-id") not in (*self.elsewhere, *self.replaced)
        ]

    def inspect_container(self, container: str) -> dict[str, Any]:
        return {"State": {"Health": self.health.get(container, {})}}

    def exec_create(self, container: str, words: Sequence[str]) -> dict[str, str]:
        id_ = f"exec{len(self._execs)}"
        self._execs[id_] = (container, tuple(words))
        return {"Id": id_}

    def _answer(self, id_: str) -> tuple[int, str]:
        container, words = self._execs[id_]
        for (service, start), answer in self.answers.items():
            if container.startswith(service) and " ".join(words).startswith(start):
                return answer(words) if callable(answer) else answer
        return (0, HEALTHY_DF) if words[0] == "df" else (0, "")

    def exec_start(self, id_: str) -> bytes:
        return self._answer(id_)[1].encode()

    def exec_inspect(self, id_: str) -> dict[str, int]:
        return {"ExitCode": self._answer(id_)[0]}

    def service_logs(self, service: str, **options: Any) -> Iterator[bytes]:
        assert options["details"] and options["timestamps"]
        for line in self.log.removesuffix("\n").split("\n"):
            yield f"{line}\n".encode()

    # What Swarm.task_log asks with.
    def _url(self, path: str, id_: str) -> str:
        return path.format(id_)

    def _get(self, url: str, params: dict[str, Any]) -> str:
        return url

    def _get_result_tty(self, stream: bool, answer: str, is_tty: bool) -> bytes:
        return self.log.encode()


def connect(
    patch: pytest.MonkeyPatch,
    engine: Engine,
    *,
    fails: Callable[[], None] = lambda: None,
    others: Mapping[str, Engine] | None = None,
) -> None:
    """Has every connection to an engine lead to this one.

    Args:
        others: further ones, by the host that they are reached at.
    """

    @contextmanager
    def connected(host: str, ssh_options: Sequence[str] = ()) -> Iterator[Swarm]:
        fails()
        found = engine if others is None else {**others}.get(host.rpartition("@")[2], engine)
        yield Swarm(found)  # type: ignore[arg-type]

    for module in ("ops.terraform.target", "ops.swarm.engine", "ops.nodes.engines"):
        patch.setattr(f"{module}.connected", connected)


LISTENS = "  0: 00000000:18EB 00000000:0000 0A\n"


def probe(words: Sequence[str]) -> tuple[int, str]:
    """What the probe answers where every name resolves and every port takes a connection."""
    pairs = zip(words[4::2], words[5::2], strict=True)
    return 0, "".join(
        f"{name} {port} resolved {'connected' if port != '0' else 'unknown'}\n" for name, port in pairs
    )


def well(patch: pytest.MonkeyPatch) -> Engine:
    """An engine on which nothing is wrong, and that every connection leads to."""
    found = Engine()
    found.answers["web", "/bin/sh -c # shellcheck shell"] = probe
    found.answers["redis", "cat /proc/net/tcp"] = (0, LISTENS)
    connect(patch, found)
    # Of this machine: somebody may run Terraform here while the tests run.
    patch.setattr(LockHolder, "processes", lambda self, stack: [])
    return found


def diagnosis(service: str = "", document: dict[str, Any] | None = None) -> Diagnosis:
    """What the doctor says of local, with the services of the fixture."""
    targets = replace(targets_of(load_environment("local"), of_services=document or stack()), cloud=None)
    return run.diagnosis_of(targets, lambda said: None, service=service)
