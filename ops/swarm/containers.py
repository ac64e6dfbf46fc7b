"""The running tasks of an environment, and commands inside their containers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import docker.errors
import requests

from ops.lines import text_of
from ops.swarm import exec_stream
from ops.swarm.engine import Swarm

SERVICE = "com.docker.swarm.service.name"
TASK = "com.docker.swarm.task.id"
_LISTENS = "0A"
_RESOLVER = "0B00007F"
"""127.0.0.11 as /proc writes it: the engine's own DNS inside every task."""
_LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")
"""127.0.0.1, ::1 and ::ffff:127.0.0.1."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Result of a command inside a task; ``output`` has both streams."""

    code: int
    output: str


class Tasks:
    """Containers of the services on the connected engines; those of other nodes cannot be reached.

    Args:
        swarm: a manager.
        others: engines of further nodes.
    """

    def __init__(self, swarm: Swarm, *others: Swarm) -> None:
        self._api: Any = swarm.api
        self._engines: list[Any] = [self._api, *(other.api for other in others)]
        self._of: dict[str, Any] = {}
        """The engine of each container that was found."""

    def published(self) -> dict[str, list[int]]:
        """Published ports by service, as the swarm has them; services without ports are left out."""
        found: dict[str, list[int]] = {}
        for raw in self._api.services():
            for spec in (raw["Spec"].get("EndpointSpec"), raw.get("Endpoint")):
                ports = [port["PublishedPort"] for port in (spec or {}).get("Ports") or []]
                if ports:
                    found[raw["Spec"]["Name"]] = sorted(set(found.get(raw["Spec"]["Name"], [])) | set(ports))
        return found

    def container(self, service: str) -> str | None:
        """Id of the newest running container of a service on these engines."""
        wanted = {"label": f"{SERVICE}={service}", "status": "running"}
        found = [(raw, engine) for engine in self._engines for raw in engine.containers(filters=wanted)]
        if not found:
            return None
        newest, engine = max(found, key=lambda each: int(each[0].get("Created") or 0))
        self._of[str(newest["Id"])] = engine
        return str(newest["Id"])

    def labels(self, container: str) -> dict[str, str]:
        """Labels of a container, including those of its image."""
        return dict(self.engine(container).inspect_container(container)["Config"].get("Labels") or {})

    def run(self, container: str, *words: str) -> Finished:
        """Runs a command inside a container. A command that the image does not have gives 126 or 127, as in a shell."""
        try:
            engine = self.engine(container)
            made = engine.exec_create(container, list(words))
            output: bytes = engine.exec_start(made["Id"])
            code = engine.exec_inspect(made["Id"]).get("ExitCode")
        except (docker.errors.APIError, requests.RequestException) as error:
            return Finished(code=126, output=str(error))
        return Finished(code=126 if code is None else int(code), output=text_of(output))

    def run_with_input(
        self, container: str, text: str, *words: str, environment: Mapping[str, str] | None = None
    ) -> Finished:
        """The same with a text on the command's standard input, where no list of processes shows it."""
        try:
            ended = exec_stream.run(
                self.engine(container),
                container,
                words,
                environment=environment,
                feed=exec_stream.text(text.encode()),
            )
        except (docker.errors.APIError, requests.RequestException, OSError) as error:
            return Finished(code=126, output=str(error))
        code = 126 if ended.code is None else ended.code
        return Finished(code=code, output=text_of(ended.out + ended.err))

    def engine(self, container: str) -> Any:
        """The API of the engine that has a container."""
        return self._of.get(container, self._api)

    def get(self, container: str, url: str, *options: str) -> Finished:
        """Sends a GET inside a container; returns the body of an error too. For images with curl, or with either kind of wget."""
        curl = shlex.join(["curl", "-sS", "-m", "10", *options, url])
        gnu = shlex.join(["wget", "-q", "-T", "10", "--content-on-error", "-O", "-", url])
        busybox = shlex.join(["wget", "-q", "-T", "10", "-O", "-", url])
        script = f"command -v curl >/dev/null && exec {curl}; {gnu} 2>/dev/null || {busybox}"
        return self.run(container, "/bin/sh", "-c", script)

    def listening(self, container: str, *, loopback: bool = True) -> list[int]:
        """Ports that a task listens on; empty where the image has no cat. See :func:`listening_in`."""
        done = self.run(container, "cat", "/proc/net/tcp", "/proc/net/tcp6")
        return listening_in(done.output, loopback=loopback) if done.code in (0, 1) else []


def running_on(engine: Swarm, service: str = "", *, health: str = "") -> list[str]:
    """Ids of the running containers of services on one engine.

    Args:
        service: of this one only.
        health: in this state of its health check only, such as ``healthy``.
    """
    filters = {"label": f"{SERVICE}={service}" if service else SERVICE, "status": "running"}
    if health:
        filters["health"] = health
    return [str(raw["Id"]) for raw in engine.api.containers(filters=filters)]


def listening_in(table: str, *, loopback: bool = True) -> list[int]:
    """Ports in state LISTEN in the text of ``/proc/net/tcp``, sorted, without those of the engine's resolver.

    Args:
        loopback: whether to include those that only the task itself can reach.
    """
    found = set()
    for line in table.splitlines():
        words = line.split()
        if len(words) > 3 and words[3] == _LISTENS and re.fullmatch(r"[0-9A-F]+:[0-9A-F]{4}", words[1]):
            address, _, port = words[1].partition(":")
            if address != _RESOLVER and (loopback or address not in _LOOPBACK):
                found.add(int(port, 16))
    return sorted(found)
