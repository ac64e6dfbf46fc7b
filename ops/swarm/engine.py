"""The swarm that a stack is deployed to, through the engine's API."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors
import requests

from ops.errors import OpsError
from ops.lines import lines_in, text_of
from ops.programs import require
from ops.ssh import Ssh
from ops.waiting import wait_until

CONNECT_TIMEOUT_S = 15
KILLED = 137
"""The exit code of a program that SIGKILL ended: 128 and the signal's number."""
_IN_USE = ("is in use", "active endpoints")
"""The engine's words about configs and secrets, and about networks."""
_UNREACHABLE = (docker.errors.DockerException, requests.RequestException, OSError)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a service."""

    id: str
    service_id: str
    state: str
    wanted: str
    error: str
    exit_code: int | None
    since: str
    container: str = ""
    memory_limit: int = 0
    """In bytes; 0 is none."""
    memory_reservation: int = 0
    """In bytes; 0 is none."""
    node: str = ""
    """The id of its node; empty while it has none."""
    slot: int = 0
    """Its number in a replicated service."""

    @property
    def runs(self) -> bool:
        """Running, and healthy where there is a health check: a task is not ``running`` before."""
        return self.state == "running" and self.wanted == "running"

    @property
    def failed(self) -> bool:
        """Whether it ended although it should run. ``complete`` is one whose program ended by itself, or after a failed health check,
        with exit code 0; one that the swarm ends for an update is ``shutdown``."""
        return self.state in ("failed", "rejected", "orphaned", "complete")

    @property
    def was_killed(self) -> bool:
        """Whether its program ended by SIGKILL."""
        return self.exit_code == KILLED

    @property
    def waits(self) -> bool:
        """Whether no node takes it, and why is known."""
        return self.state == "pending" and self.wanted == "running" and bool(self.error)

    @property
    def reason(self) -> str:
        """Why it failed or waits, in the engine's words."""
        if self.state == "complete":
            return "ended by itself (exit code 0)"
        code = f" (exit code {self.exit_code})" if self.exit_code and "exit" not in self.error else ""
        return f"{self.state}: {self.error or 'no reason given'}{code}"


@dataclass(frozen=True, kw_only=True)
class RunningService:
    """A service as the engine has it.

    Args:
        uses: ids of the networks, configs and secrets that it was made with.
        update: state of its last update, such as ``updating``, ``completed`` or ``rollback_paused``; empty without one.
        update_began: when that was, in the engine's words. Scaling forgets it.
        changed: when it was scaled or updated last, in the engine's words.
        image: what its tasks run, as it was declared.
        created: when, in the engine's words.
    """

    id: str
    name: str
    replicas: int
    uses: frozenset[str] = frozenset()
    update: str = ""
    update_began: str = ""
    changed: str = ""
    image: str = ""
    created: str = ""

    @property
    def is_updating(self) -> bool:
        """Whether an update or a rollback has not come to its end: some of its tasks are still the old ones."""
        return self.update in ("updating", "rollback_started")

    @property
    def went_back(self) -> bool:
        """Whether its last update failed."""
        return self.update in ("paused", "rollback_started", "rollback_paused", "rollback_completed")


class Swarm:
    """The engine that Terraform talks to, as a manager of its swarm. Create it with :func:`connected`."""

    def __init__(self, api: docker.APIClient) -> None:
        self._api: Any = api  # its stubs are incomplete

    @property
    def api(self) -> Any:
        """The engine's API itself, for requests made in one place only."""
        return self._api

    def info(self) -> dict[str, Any]:
        """What the engine says about itself."""
        found: dict[str, Any] = self._api.info()
        return found

    @property
    def node_name(self) -> str:
        """The host name of its node."""
        return str(self.info().get("Name") or "")

    def membership(self) -> dict[str, Any]:
        """The swarm's part of it: LocalNodeState, ControlAvailable, Nodes, Cluster."""
        found: dict[str, Any] = self.info().get("Swarm") or {}
        return found

    def start(self, address: str) -> str:
        """Makes this engine a swarm of one node and returns the swarm's id."""
        self._api.init_swarm(advertise_addr=address, listen_addr=f"{address}:2377")
        return str(self.membership()["Cluster"]["ID"])

    def leave(self) -> None:
        """Ends the swarm of one node."""
        self._api.leave_swarm(force=True)

    def services(self) -> list[RunningService]:
        """All services."""
        return [
            RunningService(
                id=raw["ID"],
                name=raw["Spec"]["Name"],
                replicas=(raw["Spec"].get("Mode", {}).get("Replicated") or {}).get("Replicas", 0),
                uses=_used_by(raw["Spec"]),
                update=(raw.get("UpdateStatus") or {}).get("State", ""),
                update_began=(raw.get("UpdateStatus") or {}).get("StartedAt", ""),
                changed=raw.get("UpdatedAt", ""),
                image=((raw["Spec"].get("TaskTemplate") or {}).get("ContainerSpec") or {}).get("Image", ""),
                created=raw.get("CreatedAt", ""),
            )
            for raw in self._api.services()
        ]

    def remove(self, kind: str, id_: str) -> bool:
        """Removes a service, network, config or secret; one that is gone already is fine. Says whether it is gone: not while in use."""
        try:
            getattr(self._api, f"remove_{kind}")(id_)
        except docker.errors.NotFound:
            return True
        except docker.errors.APIError as error:
            if any(words in str(error) for words in _IN_USE):
                return False
            raise
        return True

    def roll_back(self, id_: str) -> None:
        """Has the swarm go back to what a service was before its last update."""
        version = self._api.inspect_service(id_)["Version"]["Index"]
        url = self._api._url("/services/{0}/update", id_)
        spec = self._api.inspect_service(id_)["Spec"]
        words = {"version": version, "rollback": "previous"}
        self._api._raise_for_status(self._api._post_json(url, data=spec, params=words))

    def tasks(self) -> list[Task]:
        """All tasks in the swarm's history."""
        return [_task(raw) for raw in self._api.tasks()]

    def names(self, kind: str) -> dict[str, str]:
        """Id by name of all networks, volumes, configs or secrets."""
        if kind == "volume":
            volumes = self._api.volumes().get("Volumes") or []
            return {raw["Name"]: raw["Name"] for raw in volumes}
        if kind == "network":
            return {raw["Name"]: raw["Id"] for raw in self._api.networks()}
        found = self._api.configs() if kind == "config" else self._api.secrets()
        return {raw["Spec"]["Name"]: raw["ID"] for raw in found}

    def containers_publishing(self, port: int) -> list[str]:
        """Names of containers that publish a port of this machine."""
        return [
            raw["Names"][0].lstrip("/")
            for raw in self._api.containers()
            if any(p.get("PublicPort") == port for p in raw.get("Ports") or [])
        ]

    def wait_for_removed_tasks(self, timeout_s: float = 60.0) -> None:
        """Waits until this node has no container of a removed service: such a container still uses its volume and port."""
        wait_until(lambda: not self._containers_of_removed_services(), timeout_s)

    def _containers_of_removed_services(self) -> list[str]:
        if self.membership().get("LocalNodeState") != "active":
            return []
        services = {service.id for service in self.services()}
        label = "com.docker.swarm.service.id"
        containers = [raw for raw in self._api.containers(all=True) if label in (raw.get("Labels") or {})]
        return [raw["Id"] for raw in containers if raw["Labels"][label] not in services]

    def last_health(self, container: str) -> str:
        """What the last health check of an unhealthy container printed, in one line; empty where it is healthy, or elsewhere."""
        try:
            health = self._api.inspect_container(container)["State"].get("Health") or {}
        except _UNREACHABLE:
            return ""
        failed = [each for each in health.get("Log") or [] if each.get("ExitCode")]
        if health.get("Status") != "unhealthy" or not failed:
            return ""
        return " ".join(str(failed[-1].get("Output", "")).split())[:300] or "nothing"

    def log_tail(self, service_id: str, lines: int = 20) -> list[str]:
        """The last lines of a service's log, of all its tasks; empty when the engine cannot give it."""
        return self._log("services", service_id, lines)

    def task_log(self, task: Task, lines: int = 20) -> list[str]:
        """The same of one task only."""
        return self._log("tasks", task.id, lines)

    def _log(self, kind: str, id_: str, lines: int) -> list[str]:
        # The docker package has no method for a task's log, and the same request for both.
        url = self._api._url(f"/{kind}/{{0}}/logs", id_)
        try:
            answer = self._api._get(url, params={"stdout": 1, "stderr": 1, "tail": lines})
            raw: bytes = self._api._get_result_tty(False, answer, False)
        except _UNREACHABLE:
            return []
        return lines_in(text_of(raw))[-lines:]


@contextmanager
def connected(host: str, ssh_options: Sequence[str] = ()) -> Iterator[Swarm]:
    """A connection to the engine at ``unix:///path``, ``ssh://user@host`` or ``ssh://user@host:port``.

    Raises:
        OpsError: it does not answer in time.
    """
    with _address(host, ssh_options) as address:
        try:
            api = docker.APIClient(base_url=address, version="auto", timeout=60)
        except _UNREACHABLE as error:
            raise OpsError(
                f"the engine at {host} does not answer: {_short(error)}", fix=_how(host, ssh_options)
            ) from None
        try:
            yield Swarm(api)
        except (docker.errors.APIError, requests.RequestException) as error:
            # Where several connections are open, this one meets the errors of those around it first.
            if _client_of(error) not in (api, None):
                raise
            raise OpsError(f"the engine at {host}: {_short(error)}") from None
        finally:
            api.close()


def _client_of(error: Exception) -> docker.APIClient | None:
    """The client whose method an error came out of; the error itself does not have it."""
    selves = [frame.f_locals.get("self") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((each for each in reversed(selves) if isinstance(each, docker.APIClient)), None)


@contextmanager
def _address(host: str, ssh_options: Sequence[str]) -> Iterator[str]:
    if not host.startswith("ssh://"):
        _try_connecting(host)
        yield host
        return
    require("ssh")
    with tempfile.TemporaryDirectory(prefix="sprocket-ops-") as folder:
        path = Path(folder) / "engine.sock"
        forward = ["ssh", *ssh_options, "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_TIMEOUT_S}"]
        forward += ["-o", "ExitOnForwardFailure=yes", "-N", "-L", f"{path}:/var/run/docker.sock"]
        forward += Ssh.to(host).where
        with subprocess.Popen(forward, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as tunnel:
            try:
                _wait_for(path, tunnel, host, ssh_options)
                yield f"unix://{path}"
            finally:
                tunnel.terminate()


def _try_connecting(host: str) -> None:
    """Connects once: this error is clearer than that of the docker package, which also leaks the socket."""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(CONNECT_TIMEOUT_S)
        try:
            door.connect(host.removeprefix("unix://"))
        except OSError as error:
            raise OpsError(
                f"the engine at {host} does not answer: {error.strerror}", fix=_how(host, ())
            ) from None


def _wait_for(path: Path, tunnel: subprocess.Popen[bytes], host: str, ssh_options: Sequence[str]) -> None:
    wait_until(lambda: path.exists() or tunnel.poll() is not None, CONNECT_TIMEOUT_S + 5, interval_s=0.1)
    if not path.exists():
        tunnel.terminate()
        words = lines_in(text_of(tunnel.stderr.read() if tunnel.stderr else b"").strip())
        raise OpsError(
            f"the engine at {host} does not answer: {words[-1] if words else 'ssh gave no reason'}",
            fix=_how(host, ssh_options),
        )


def _how(host: str, ssh_options: Sequence[str]) -> str:
    if host.startswith("ssh://"):
        return f"check: {Ssh.to(host, ssh_options).typed('docker', 'version')}"
    return (
        "start it (systemctl start docker) and check: docker version; your user must be in the group docker"
    )


def _used_by(spec: dict[str, Any]) -> frozenset[str]:
    """Ids of the networks, configs and secrets in a service's spec."""
    template = spec.get("TaskTemplate") or {}
    container = template.get("ContainerSpec") or {}
    networks = template.get("Networks") or spec.get("Networks") or []
    found = [each.get("Target") for each in networks]
    found += [each.get("ConfigID") for each in container.get("Configs") or []]
    found += [each.get("SecretID") for each in container.get("Secrets") or []]
    return frozenset(str(id_) for id_ in found if id_)


def _task(raw: dict[str, Any]) -> Task:
    status = raw.get("Status") or {}
    return Task(
        id=raw["ID"],
        service_id=raw.get("ServiceID", ""),
        state=status.get("State", ""),
        wanted=raw.get("DesiredState", ""),
        error=status.get("Err", ""),
        exit_code=(status.get("ContainerStatus") or {}).get("ExitCode"),
        since=status.get("Timestamp", ""),
        container=(status.get("ContainerStatus") or {}).get("ContainerID", ""),
        memory_limit=_memory(raw, "Limits"),
        memory_reservation=_memory(raw, "Reservations"),
        node=raw.get("NodeID", ""),
        slot=int(raw.get("Slot") or 0),
    )


def _memory(raw: dict[str, Any], kind: str) -> int:
    resources = (raw.get("Spec") or {}).get("Resources") or {}
    return int((resources.get(kind) or {}).get("MemoryBytes") or 0)


def _short(error: Exception) -> str:
    if isinstance(error, docker.errors.APIError) and error.explanation:
        return str(error.explanation)
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
