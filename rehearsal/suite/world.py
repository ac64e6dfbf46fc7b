"""What checks work with: the box, the API, the commands of a person, and the deployed swarm."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker.errors
import httpx

from ops.nodes.engines import engines
from ops.nodes.inventory import ClusterNode, nodes_of
from ops.paths import ROOT
from ops.swarm.containers import Tasks
from ops.swarm.engine import Swarm
from ops.terraform.target import Target, Targets, targets_of
from ops.waiting import wait_until
from rehearsal.suite.diary import Diary
from rehearsal.suite.outcome import CheckFailed

if TYPE_CHECKING:
    from rehearsal.droplets import Box
    from rehearsal.emulator import Emulator, Machine

COMMAND_TIMEOUT_S = 900


@dataclass
class World:
    """One rehearsal."""

    environment: str
    folder: Path
    box: Box
    emulator: Emulator
    diary: Diary
    marks: dict[str, str] = field(default_factory=dict)
    """Markers that were written to each store."""
    killed: set[int] = field(default_factory=set)
    """Droplets that a killed apply had created."""
    notes: dict[str, str] = field(default_factory=dict)
    """Measurements for the report."""

    @cached_property
    def targets(self) -> Targets:
        """Both stacks, synthesized."""
        return targets_of(self.environment)

    def read_again(self) -> None:
        """Synthesizes again after an edit of the environment's file."""
        self.__dict__.pop("targets", None)

    @property
    def services(self) -> Target:
        """The services stack."""
        return self.targets.services

    @property
    def cloud(self) -> Target:
        """The cloud stack."""
        return self.targets.needed_cloud("it is rehearsed")

    @property
    def nodes(self) -> tuple[ClusterNode, ...]:
        """All nodes."""
        return nodes_of(self.services.settings)

    @property
    def managers(self) -> list[ClusterNode]:
        """The managers among the nodes."""
        return [node for node in self.nodes if node.role == "manager"]

    @property
    def last_manager(self) -> ClusterNode:
        """The last manager, which has no public address, so that the swarm can still be reached; or the only one."""
        return next((node for node in reversed(self.managers) if not node.is_first), self.managers[0])

    @property
    def address(self) -> str:
        """The reserved address, from the cloud stack's outputs."""
        return str(self.cloud.terraform.outputs()["address"])

    def say(self, text: str) -> None:
        """Reports progress."""
        self.diary.say(f"    {text}")

    def ops(self, *words: str, expect: tuple[int, ...] = (0,), timeout: float = COMMAND_TIMEOUT_S) -> str:
        """Runs ``python -m ops`` with these arguments and returns its output.

        Raises:
            CheckFailed: the exit code is not the expected one.
        """
        running = self.begin(*words)
        return self.end(running, expect=expect, timeout=timeout)

    def begin(self, *words: str) -> Running:
        """Starts ``python -m ops`` without waiting for it."""
        self.diary.say(f"  $ python -m ops {' '.join(words)}")
        process = subprocess.Popen(
            [sys.executable, "-m", "ops", *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Running(process, self.diary, words)

    def end(
        self, running: Running, *, expect: tuple[int, ...] = (0,), timeout: float = COMMAND_TIMEOUT_S
    ) -> str:
        """Waits for a started command."""
        code = running.wait(timeout)
        if code not in expect:
            tail = [line for line in running.heard if line.strip()][-6:]
            raise CheckFailed(f"ops {' '.join(running.words)} ended with {code}: " + " | ".join(tail))
        return running.printed()

    @contextmanager
    def swarm(self) -> Iterator[Swarm]:
        """The swarm, over ssh to its public name."""
        with self.services.swarm() as swarm:
            yield swarm

    @contextmanager
    def tasks(self) -> Iterator[Tasks]:
        """The running tasks on all nodes."""
        with engines(self.services) as (swarm, *others):
            yield Tasks(swarm, *others)

    def machine(self, node: ClusterNode) -> Machine:
        """The droplet behind a node, with its addresses."""
        return self.box.machines.named(node.name).hardware.machine

    def droplets(self) -> Mapping[str, int]:
        """Ids of droplets by name, from the API."""
        answer = self.api("GET", "/v2/droplets?per_page=200")
        return {one["name"]: int(one["id"]) for one in answer["droplets"]}

    def droplet(self, id_: int) -> Mapping[str, Any]:
        """One droplet, from the API."""
        droplet: Mapping[str, Any] = self.api("GET", f"/v2/droplets/{id_}")["droplet"]
        return droplet

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Sends one request to the API with the token, outside Terraform."""
        headers = {"Authorization": f"Bearer {os.environ['DIGITALOCEAN_TOKEN']}"}
        url = f"{self.emulator.url}{path}"
        answer = httpx.request(method, url, headers=headers, json=body, timeout=60, trust_env=False)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def until(self, seconds: float, look: Callable[[], bool], what: str) -> None:
        """Waits until ``look`` returns true. A manager that answers with an error is asked again: it may wait for a new leader.

        Raises:
            CheckFailed: it did not within that time.
        """
        refused = ""

        def answered() -> bool:
            nonlocal refused
            try:
                refused = ""
                return look()
            except docker.errors.APIError as error:
                refused = f" (the engine: {error.explanation or error})"
                return False

        if not wait_until(answered, seconds):
            raise CheckFailed(f"not within {seconds:g} s: {what}{refused}")


class Running:
    """A running command: its lines go to the diary as they arrive."""

    def __init__(self, process: subprocess.Popen[str], diary: Diary, words: tuple[str, ...]) -> None:
        self.process = process
        self.words = words
        self.heard: list[str] = []
        self._printed: list[str] = []
        self._diary = diary
        self._readers = [
            threading.Thread(target=self._read, args=(process.stdout, self._printed, False), daemon=True),
            threading.Thread(target=self._read, args=(process.stderr, None, True), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def printed(self) -> str:
        """Its standard output."""
        return "\n".join(self._printed)

    def wait(self, timeout: float) -> int:
        """Waits until it ends, and kills it at the timeout."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = -9
            self.heard.append(f"did not end within {timeout:g} s")
        for reader in self._readers:
            reader.join(timeout=10)
        return code

    def _read(self, stream: Any, kept: list[str] | None, shown: bool) -> None:
        with stream:
            for line in stream:
                text = line.rstrip()
                self.heard.append(text)
                if kept is not None:
                    kept.append(text)
                self._diary.say(f"    {text}", shown=shown)
