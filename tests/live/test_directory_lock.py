"""Two containers of a store on one directory: the second opens nothing while the first lives, says why, and starts after it.

Each container is made as the local platform declares the service: the same command, files, user and directory. The programs are
those of the built images; where a lock is the program's own, only the real program counts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from sprocket_constructs import LockHolder, SwarmService

from images.builder.engine import docker
from images.builder.trial import Running, Trial
from tests.stacks.synthesis import declared, service

pytestmark = pytest.mark.live(needs=["engine"])

BY_SHELL = ("redis", "rabbitmq", "postgres", "minio", "grafana", "traefik")
BY_PROGRAM = ("influxdb", "loki")
STAND_INS = {"grafana": "listens on"}
"""What takes the place of Grafana is not healthy without its data sources; this line of its log says that it serves."""
WAITS = {"sh", "dash", "sleep", "flock", "mktemp", "mkfifo", "dd", "rm"}
UP_S = 120
SHORT_WAIT_S = 3


class Store:
    """Containers of one service on one volume."""

    def __init__(self, trial: Trial, name: str) -> None:
        self._trial = trial
        self.name = name
        self.service = service(declared("local"), name)
        (self.data,) = (mount.target for mount in self.service.data_mounts)
        self._files = {
            mount.at: trial.file(
                f"{name}-{mount.at.strip('/').replace('/', '-')}", _without_placeholders(text)
            )
            for mount in self.service.file_mounts
            for text in [mount.file.text]
        }

    def run(self, *, wait_s: int | None = None) -> Running:
        """Starts another container.

        Args:
            wait_s: in place of the time that the shell waits for the lock.
        """
        first, *words = _command(self.service, wait_s=wait_s)
        options = ["--entrypoint", first] if first else []
        if self.service.user:
            options += ["--user", self.service.user]
        if self.service.stop.signal:
            options += ["--stop-signal", self.service.stop.signal]
        return self._trial.run(
            self.name,
            *words,
            files=self._files,
            volumes={self.data: "data"},
            env=self.service.environment,
            options=options,
        )

    def is_up(self, container: Running) -> bool:
        """Whether the declared health check passes."""
        if self.name in STAND_INS:
            return STAND_INS[self.name] in container.log()
        kind, *words = self.service.health.words
        return container.exec(*(("/bin/sh", "-c") if kind == "CMD-SHELL" else ()), *words).code == 0

    def up(self, container: Running) -> Running:
        """Waits until it is."""
        deadline = time.monotonic() + UP_S
        while not self.is_up(container):
            assert container.alive() and time.monotonic() < deadline, container.log()[-3000:]
            time.sleep(0.5)
        return container

    def entries(self, container: Running) -> set[str]:
        """Files and folders in the directory, each with its inode."""
        return set(container.expect("find", self.data, "-printf", "%i %p\n").splitlines())


@pytest.mark.parametrize("name", BY_SHELL)
def test_a_shell_keeps_the_second_off_until_the_first_has_ended(trial: Trial, name: str) -> None:
    store = Store(trial, name)
    first = store.up(store.run())
    second = store.run()
    refused = store.run(wait_s=SHORT_WAIT_S)

    told = refused.final_log()
    assert refused.exit_code() == 1
    assert f"error: {store.data}: another server has it, after {SHORT_WAIT_S} s too" in told

    assert f"warning: {store.data}: another server has it" in second.log()
    assert _programs(second) <= WAITS, "more than the shell that waits"
    assert not store.is_up(second)
    assert store.is_up(first)

    docker("kill", "--signal", "KILL", first.name)
    store.up(second)
    second.leave(within=30)
    store.up(store.run())


@pytest.mark.parametrize("name", BY_PROGRAM)
def test_a_program_that_locks_by_itself_ends_before_it_changes_anything(trial: Trial, name: str) -> None:
    if trial.images[name].kind != "real":
        pytest.skip(f"needs the real {name}, of which nothing else can say this: its image is a stand-in")
    store = Store(trial, name)
    first = store.up(store.run())
    there = store.entries(first)
    second = store.run()
    told = second.final_log(60)
    assert second.exit_code() != 0
    assert "timeout" in told
    assert there <= store.entries(first), "the second one removed or replaced what the first one has open"
    assert store.is_up(first)

    docker("kill", "--signal", "KILL", first.name)
    docker("start", second.name)
    store.up(second)


def test_every_store_of_the_platform_is_tried() -> None:
    holders = {
        each.name: mount.lock.holder
        for each in declared("local").services
        for mount in each.data_mounts
        if mount.lock is not None
    }
    # MinIO a second time: the same image, the same command, the same lock.
    assert service(declared("local"), "backup-store").command == service(declared("local"), "minio").command
    by_shell = dict.fromkeys((*BY_SHELL, "backup-store"), LockHolder.SHELL)
    assert holders == by_shell | dict.fromkeys(BY_PROGRAM, LockHolder.PROGRAM)


def _command(service: SwarmService, *, wait_s: int | None) -> Iterator[str]:
    """The entry point and the arguments; an empty first word stands for the image's own entry point."""
    words = list(service.entry_point) or [""]
    if wait_s is not None:
        words[4] = str(wait_s)
    return iter([*words, *service.args])


def _without_placeholders(text: str) -> str:
    """Some value for each secret one."""
    return re.sub(r"@@secret:([a-z0-9-]+)@@", r"\1-of-a-trial", text)


def _programs(container: Running) -> set[str]:
    """Names of the programs that run in it."""
    return set(docker("top", container.name, "-eo", "pid,comm").split()[2:][1::2])
