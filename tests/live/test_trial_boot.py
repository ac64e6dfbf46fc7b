"""New images are booted beside the platform before a deploy touches it: a bad one is refused with its reason while every task that runs
stays as it is, and a good one passes with a throwaway Redis. On a real swarm; a table is printed at the end.
"""

from __future__ import annotations

import base64
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker as engine
import pytest

from images import LOCK_FILE
from images.builder import lock
from ops.boot.throwaway import LABEL
from ops.swarm.engine import connected
from tests.live.checkout import ENGINE, absent
from tests.live.fault_stage import Stage, deployed, docker, of_trials, staged, until
from tests.live.own_registry import Registry, registry

pytestmark = [
    pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider", "docker-registry"]),
    pytest.mark.proof,
]
__all__ = ["registry"]

SERVES = """redis-cli -h try-store ping | grep -q PONG || { echo no store; exit 4; }
trap "exit 0" TERM
redis-server --port 3000 --protected-mode no --save '' --loglevel warning &
sleep 1
redis-cli -p 3000 set version "$(sed 's/version: //' /etc/conf)"
wait"""
"""A server that needs its store when it starts, and answers what its config says."""

CRASHES = """redis-cli -h try-store set visited 1
echo cannot read the settings
exit 3"""

HANGS = "exec sleep 600"


class Images:
    """Images of the server, by what they run, in a registry of their own."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        redis = lock.load(LOCK_FILE)["redis"]
        self._base = f"{redis.name}@{redis.digest}"

    def push(self, tag: str, program: str | None) -> str:
        """One more, which the engine does not have any longer, as TRY_SERVER names it.

        Args:
            program: shell text of /serve; without one there is no such file.
        """
        script = base64.b64encode(f"#!/bin/sh\n{program}\n".encode()).decode()
        add = f"RUN echo {script} | base64 -d > /serve && chmod 755 /serve" if program else ""
        tagged = f"{self.repository}:{tag}"
        text = f"FROM {self._base}\nLABEL try={tag}\nUSER 0\n{add}\n"
        words = ["docker", "build", "--quiet", "--network", "none", "--tag", tagged, "-"]
        subprocess.run(words, input=text, text=True, check=True, capture_output=True)
        digest = docker("push", tagged).partition("digest: ")[2].split()[0]
        docker("rmi", "--force", tagged)
        return f"{self.repository} {tag} {digest}"

    def remove(self) -> None:
        """All of them."""
        api: Any = engine.from_env().api
        for raw in api.images(self.repository):
            for reference in [*(raw["RepoDigests"] or []), *(raw["RepoTags"] or [])]:
                if reference.startswith(self.repository):
                    api.remove_image(reference, force=True)


@pytest.fixture(scope="module")
def images(registry: Registry) -> Iterator[Images]:
    if "redis" not in lock.load(LOCK_FILE):
        absent("no images are built; run `python -m images build`")
    images = Images(f"127.0.0.1:{registry.port}/sprocket/try-server")
    try:
        yield images
    finally:
        images.remove()


@pytest.fixture(scope="module")
def stage(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    good = images.push("1", SERVES)
    with staged(tmp_path_factory.mktemp("trial"), TRY_SERVER=good) as stage:
        yield stage


def tasks() -> dict[str, str]:
    """State by id of every task that the swarm knows."""
    with connected(ENGINE) as swarm:
        return {task.id: task.state for task in swarm.tasks()}


def untouched(stage: Stage, fault: str, deploy: Callable[[], tuple[int, str]], told: str) -> str:
    """A deploy that is refused while all tasks run on, and leaves nothing."""
    before = tasks()
    output = stage.fails(fault, deploy, told)
    assert tasks() == before, "no task was started or stopped"
    assert of_trials() == []
    return output


@pytest.mark.parametrize(
    ("fault", "program", "told"),
    [
        ("crash", CRASHES, r"ended with exit code 3 after \d+ s"),
        ("no program", None, r'does not start: [^\n]*"/serve"[^\n]*no such file or directory'),
        ("never healthy", HANGS, r"is not healthy after \d+ s, its health check printed '[^\n]*refused"),
        # It looks for the name for longer than its health check waits.
        ("needs another", SERVES.replace("try-store", "elsewhere"), r"is not healthy after \d+ s"),
    ],
    ids=["crash", "no program", "never healthy", "needs another"],
)
def test_a_bad_image_is_refused_before_anything_is_touched(
    stage: Stage, images: Images, fault: str, program: str | None, told: str
) -> None:
    bad = images.push("2", program)
    output = untouched(stage, fault, deployed(stage, TRY_SERVER=bad), told)
    assert "local is not deployed, nothing was changed: 1 new image did not pass the trial boot" in output
    if fault != "no program":
        assert "the image that runs now, booted in the same place: healthy after" in output
    if fault == "crash":
        assert "      cannot read the settings\n" in output
        store = docker("ps", "-q", "--filter", "label=com.docker.swarm.service.name=try-store")
        assert docker("exec", store, "redis-cli", "get", "visited") == "", (
            "the store that it wrote to was a throwaway"
        )


def test_a_digest_that_the_registry_does_not_have(stage: Stage, images: Images) -> None:
    missing = f"{images.repository} 2 sha256:{'f' * 64}"
    untouched(stage, "digest", deployed(stage, TRY_SERVER=missing), r"cannot be pulled: [^\n]*")


def test_a_good_image_passes_with_a_throwaway_of_its_store(stage: Stage, images: Images) -> None:
    good = images.push("3", f"{SERVES}\n# another image")
    stage.here.always(TRY_SERVER=good)
    output = stage.finishes()
    assert "trial boot of 1 service with a new image, with 1 throwaway service that they need" in output
    assert "  try-server, try-server 3 " in output and ": healthy after" in output
    assert of_trials() == []


def test_without_the_trial_the_swarm_finds_it(stage: Stage, images: Images) -> None:
    bad = images.push("4", CRASHES)
    told = r"its task failed: task: non-zero exit \(3\)"
    output = stage.fails("crash, no trial", deployed(stage, "--no-trial-boot", TRY_SERVER=bad), told)
    assert "warning: --no-trial-boot: new images replace running ones without having been booted" in output
    stage.finishes()


def gateways(which: str) -> set[str]:
    """Of networks, as the engine has set them aside."""
    networks = docker("network", "ls", "--quiet", "--filter", which).split()
    assert networks
    return set(docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", *networks).split())


def own_addresses() -> set[str]:
    """Of this machine, that of the engine's default network among them."""
    found = set(re.findall(r"-- (\S+)\n\s+/32 host LOCAL", Path("/proc/net/fib_trie").read_text()))
    assert gateways("name=^bridge$") <= found
    return found


def cut(stage: Stage, image: str, number: signal.Signals) -> Callable[[], tuple[int, str]]:
    """A deploy that gets a signal while its trial runs."""

    def run() -> tuple[int, str]:
        with stage.here.start("deploy", "--env", "local", env=stage.next(TRY_SERVER=image)) as process:
            until(lambda: len(docker("ps", "--quiet", "--filter", f"label={LABEL}").split()) == 2)
            time.sleep(1)
            assert gateways(f"label={LABEL}").isdisjoint(own_addresses()), (
                "a trial cannot connect to the node"
            )
            process.send_signal(number)
            output, _ = process.communicate(timeout=60)
        return process.returncode, output

    return run


def test_ctrl_c_leaves_nothing(stage: Stage, images: Images) -> None:
    untouched(stage, "Ctrl-C", cut(stage, images.push("5", HANGS), signal.SIGINT), r"interrupted")
    assert stage.rows[-1].code == 130


def test_what_kill_9_leaves_is_removed_by_the_next_deploy(stage: Stage, images: Images) -> None:
    before = tasks()
    stage.fails("kill -9", cut(stage, images.push("6", HANGS), signal.SIGKILL), r"trial boot of 1 service")
    assert tasks() == before
    left = of_trials()
    assert len(left) >= 3, "two containers and their network"
    output = stage.finishes()
    assert "of a trial boot that was cut off: removed" in output
    assert of_trials() == []
