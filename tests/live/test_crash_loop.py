"""An hour of a service that ends as soon as it starts, compressed: what it adds to the disk of its node.

The engine is asked for what every service of ours declares (restart policy, log rotation), but with a shorter pause. An hour
has as many restarts as the declared pause lets in; some of them are run, and what each adds for good is counted for all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors
import docker.types
import pytest
from sprocket_constructs import LogRotation, RestartPolicy

from images import LOCK_FILE
from images.builder import lock
from tests.live.conftest import _absent

pytestmark = [pytest.mark.live, pytest.mark.proof]

WRITES = 64 * 1024
"""Bytes that each task says before it ends: several stack traces."""
SETTLE = 12
"""Restarts until the swarm keeps as many ended tasks as it will."""
COUNTED = 50
ALLOWED = 100 * 10**6
START_S = 600


def per_hour(policy: RestartPolicy) -> int:
    """Restarts of a task that ends at once: no more than one for each pause."""
    assert policy.delay.endswith("s")
    return int(3600 / float(policy.delay.removesuffix("s")))


@dataclass(frozen=True, kw_only=True)
class Disk:
    """What is below the engine's folder and was not there before, in bytes; the swarm's own log apart.

    That is reserved in segments of 64 MB and cut by snapshots, so it is counted once and not for each restart.
    """

    containers: int
    swarm: int

    @classmethod
    def of(cls, root: Path, before: set[Path]) -> Disk:
        return cls(
            containers=sum(_size(folder) for folder in _folders(root) - before), swarm=_size(root / "swarm")
        )


def _folders(root: Path) -> set[Path]:
    """One for each container, its layers and its volumes."""
    kinds = (root / kind for kind in ("containers", "overlay2", "volumes"))
    return {folder for kind in kinds if kind.is_dir() for folder in kind.iterdir() if folder.is_dir()}


def _size(folder: Path) -> int:
    """Bytes on disk below a folder of which parts may go away meanwhile. What is mounted there is not."""
    total = 0
    try:
        with os.scandir(folder) as found:
            for entry in found:
                state = entry.stat(follow_symlinks=False)
                total += state.st_blocks * 512
                if entry.is_dir(follow_symlinks=False) and not os.path.ismount(entry.path):
                    total += _size(Path(entry.path))
    except OSError:
        # It was removed between two looks.
        return total
    return total


@pytest.fixture
def api() -> Iterator[Any]:
    try:
        client = docker.from_env()
        info = client.info()
    except docker.errors.DockerException:
        _absent("no Docker engine answers")
        raise
    if info["Swarm"]["LocalNodeState"] != "active" or not info["Swarm"]["ControlAvailable"]:
        _absent("this machine's engine is no swarm manager")
    if not os.access(Path(info["DockerRootDir"]) / "containers", os.R_OK | os.X_OK):
        _absent(f"the engine's folder {info['DockerRootDir']} cannot be read by this user")
    yield client
    client.close()


@pytest.fixture
def image() -> str:
    entry = lock.load(LOCK_FILE).get("redis")
    if entry is None:
        _absent(f"{LOCK_FILE.name} has no image; run `python -m images build`")
        raise AssertionError
    return f"{entry.name}:{entry.tag}@{entry.digest}"


def test_an_hour_of_a_crash_loop_adds_less_than_100_mb(api: Any, image: str) -> None:
    policy, logs = RestartPolicy(), LogRotation()
    info = api.info()
    root, history = Path(info["DockerRootDir"]), _history(info)
    before = _folders(root)
    first = Disk.of(root, before)
    name = f"crash-loop-{time.time_ns()}"
    service = api.services.create(
        image,
        name=name,
        command=["/bin/sh", "-c", f"head -c {WRITES} /dev/zero | tr '\\0' x | fold; exit 3"],
        restart_policy=docker.types.RestartPolicy(condition="any", delay=100_000_000),
        log_driver="json-file",
        log_driver_options=logs.options,
        endpoint_spec=docker.types.EndpointSpec(mode="dnsrr"),
    )
    try:
        _until_restarted(api, name, SETTLE)
        settled = Disk.of(root, before)
        _until_restarted(api, name, COUNTED)
        later = Disk.of(root, before)
        kept = api.containers.list(all=True, filters={"label": f"com.docker.swarm.service.name={name}"})
    finally:
        service.remove()
    each = max(0, later.containers - settled.containers) / COUNTED
    hour = settled.containers + each * per_hour(policy) + max(0, later.swarm - first.swarm)
    print(
        f"{len(kept)} containers kept; {settled.containers / 1e6:.1f} MB once settled, {each / 1e3:.1f} kB for each restart, "
        f"swarm {(later.swarm - first.swarm) / 1e6:.1f} MB; an hour has {per_hour(policy)} restarts: {hour / 1e6:.1f} MB"
    )
    # One more that runs, and one that is on its way.
    assert len(kept) <= history + 2
    assert settled.containers >= WRITES, "what the tasks write is not below the folder that is measured"
    assert hour < ALLOWED


def _history(info: Any) -> int:
    """Ended tasks that the swarm keeps for each replica."""
    return int(info["Swarm"]["Cluster"]["Spec"]["Orchestration"]["TaskHistoryRetentionLimit"])


def _until_restarted(api: Any, service: str, count: int) -> None:
    """Waits until so many further containers of the service have ended."""
    seen: set[str] = set()
    known = {each.id for each in _ended(api, service)}
    deadline = time.monotonic() + START_S
    while len(seen) < count:
        seen |= {each.id for each in _ended(api, service)} - known
        assert time.monotonic() < deadline, f"{len(seen)} of {count} restarts in {START_S} s"
        time.sleep(0.2)


def _ended(api: Any, service: str) -> list[Any]:
    filters = {"label": f"com.docker.swarm.service.name={service}", "status": "exited"}
    found: list[Any] = api.containers.list(all=True, filters=filters, sparse=True)
    return found
