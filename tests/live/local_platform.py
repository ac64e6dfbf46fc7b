"""The local platform as `make up` left it: what the tests of the running whole have in common."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
import pytest

from layers.settings.environment import Environment
from ops.errors import OpsError
from ops.model.service import Service
from ops.paths import ROOT
from ops.smoke.graph import by_name
from ops.smoke.result import Result
from ops.smoke.run import Smoke
from ops.smoke.soak import TaskExits
from ops.swarm.containers import Tasks
from ops.swarm.engine import Swarm
from ops.swarm.tasks import wait_until_converged
from ops.terraform.secrets import known_values
from ops.terraform.target import Target, target_of

ENVIRONMENT = "local"
SETTLE_S = 240.0


def disruptive() -> None:
    """Skips unless somebody asked for a test that stops services of the running platform."""
    if os.environ.get("DISRUPT") == ENVIRONMENT or os.environ.get("REQUIRE_LIVE") == "1":
        return
    pytest.skip(f"stops services of the running local platform; DISRUPT={ENVIRONMENT} allows it")


def _absent(reason: str) -> None:
    if os.environ.get("REQUIRE_LIVE") == "1":
        pytest.fail(f"REQUIRE_LIVE=1, but {reason}")
    pytest.skip(reason)


class LocalPlatform:
    """The running platform: look into its tasks, disturb it, wait until it is whole."""

    def __init__(self, target: Target, swarm: Swarm) -> None:
        self.target = target
        self.swarm = swarm
        self.api: Any = swarm.api
        self.tasks = Tasks(swarm)
        self.services: Mapping[str, Service] = by_name(target.wanted)

    @property
    def settings(self) -> Environment:
        return self.target.settings

    def container(self, service: str) -> str:
        """Id of the running container of a service."""
        found = self.tasks.container(service)
        assert found, f"{service} has no running task on this machine"
        return found

    def sh(self, service: str, script: str) -> str:
        """Runs a shell script inside a task of a service and gives what it printed."""
        done = self.tasks.run(self.container(service), "/bin/sh", "-euc", script)
        assert done.code == 0, f"{service}: {done.output}"
        return done.output.strip()

    def wait_for_convergence(self, stable_s: float = 5.0) -> None:
        """Waits until every service runs the same tasks for a while."""
        wait_until_converged(
            self.swarm,
            list(self.services),
            stable_s=stable_s,
            timeout_s=SETTLE_S,
            say=lambda text: None,
        )

    def smoke(self) -> Result:
        """A quick smoke test."""
        return Smoke(self.target, quick=True).run(lambda text: None)

    def secrets(self) -> dict[str, str]:
        """Every secret value of the platform by a name that may be shown: from Terraform's state and from whoever supplied it."""
        self.target.terraform.init()
        values = known_values(self.target.terraform.state())
        return {f"secret {number}": value for number, value in enumerate(sorted(values)) if len(value) >= 8}

    def deaths(self) -> TaskExits:
        """Counts containers that end."""
        return TaskExits(self.settings.engine.host)


@contextmanager
def standing() -> Iterator[LocalPlatform]:
    """The local platform, whole; skips where it does not stand."""
    if shutil.which("docker") is None:
        _absent("there is no Docker engine")
    client = docker.from_env()
    try:
        active = client.info()["Swarm"]["LocalNodeState"] == "active"
    finally:
        client.close()
    if not active:
        _absent("the local platform does not stand: this machine's engine is in no swarm; make up")
    target = target_of(ENVIRONMENT)
    with target.swarm() as swarm:
        there = {service.name for service in swarm.services()}
        lacking = sorted(by_name(target.wanted).keys() - there)
        if lacking:
            _absent(f"the local platform does not stand: {', '.join(lacking[:3])} ...; make up")
        platform = LocalPlatform(target, swarm)
        try:
            platform.wait_for_convergence(stable_s=2)
        except OpsError as error:
            _absent(f"the local platform is not whole: {error}")
        yield platform


def command(*words: str, expect: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    """``python -m ops`` with these words, and an exit code that is expected."""
    run = subprocess.run(
        [sys.executable, "-m", "ops", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert run.returncode in expect, f"ops {' '.join(words)}\n{run.stdout}\n{run.stderr}"
    return run


def until(seconds: float, check: Callable[[], Any], what: str) -> Any:
    """Repeats a check until it gives something true."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found, last = check(), ""
        except AssertionError as error:
            found, last = None, str(error)
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what} {last}"
        time.sleep(1)
