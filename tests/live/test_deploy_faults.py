"""Every way in which a deploy fails, on a real swarm: it ends in time with the real reason, the old version of a server that is updated
start-first answers every request meanwhile, what is somebody else's stays, and the next deploy finishes.

One platform stands for all rows (tests/live/fault_platform). A table is printed at the end.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.swarm.engine import connected
from tests.live.checkout import ENGINE, LOCAL
from tests.live.engine_proxy import engine_proxy
from tests.live.fault_stage import PORT, Stage, deployed, staged, until

pytestmark = [
    pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"]),
    pytest.mark.proof,
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("faults")) as stage:
        yield stage


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            "crash",
            r"its task failed: task: non-zero exit \(3\)[^\n]*\n    cannot read the settings of version 2",
        ),
        ("unhealthy", r"unhealthy: its health check printed 'answers 500'"),
        ("mount", r"its task rejected: [^\n]*bind source path does not exist: /of/no/node"),
        ("secret", r"TF_VAR_try_key is not set: a key that nobody gives"),
        ("memory", r"non-zero exit \(137\); killed, as the kernel does [^\n]*its limit, here 67.1 MB"),
        ("unschedulable", r"its task pending: no suitable node \(insufficient resources on 1 node\)"),
        ("dependency", r"service try-store: its task failed: task: non-zero exit \(5\)[^\n]*\n    no disk"),
    ],
)
def test_a_version_that_does_not_come_up(stage: Stage, fault: str, told: str) -> None:
    output = stage.fails(fault, deployed(stage, TRY_FAULT=fault), told)
    if fault == "unschedulable":
        assert "rolled back to its previous version, its update did not finish" in output
    stage.finishes()


def test_a_digest_that_no_registry_has(stage: Stage) -> None:
    """Told before anything is changed; without a trial boot, with the task's own reason."""
    output = stage.fails("digest", deployed(stage, TRY_FAULT="digest"), r"cannot be pulled: [^\n]*")
    assert "local is not deployed, nothing was changed" in output
    told = r"its task rejected: No such image: [^\n]*@sha256:f{64}"
    stage.fails(
        "digest, no trial", deployed(stage, "--no-pull-ahead", "--no-trial-boot", TRY_FAULT="digest"), told
    )
    stage.finishes()


def test_a_port_that_somebody_else_has(stage: Stage) -> None:
    """Told before anything is changed where this machine can see the port, else with the task's own reason."""
    deploy = deployed(stage, TRY_PORT=str(PORT))
    stage.fails(
        "port clash", deploy, rf"port {PORT}, which try-store publishes, is in use|port is already allocated"
    )
    stage.finishes()


def test_a_lock_that_somebody_else_has(stage: Stage) -> None:
    """A Terraform that is stopped while it plans has the lock for as long as it is."""
    words = ["terraform", "plan", "-input=false"]
    other = subprocess.Popen(
        words, cwd=stage.here.stack, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until((stage.here.root / ".sprocket/state/.local-services.tfstate.lock.info").exists, every_s=0.01)
        other.send_signal(signal.SIGSTOP)
        told = r"the state of local-services is locked, so nothing was changed: \S+@\S+ has held it for a plan since [^\n]*"
        output = stage.fails("lock held", deployed(stage), told)
        assert f"on this machine: terraform, process {other.pid}" in output
        assert "Terraform: Error acquiring the state lock: resource temporarily unavailable" in output
        assert other.poll() is None
    finally:
        other.send_signal(signal.SIGCONT)
        other.wait(timeout=120)
    stage.finishes()


SLOW = {"TRY_CLIENTS": "3", "TRY_SLOW": "20"}
"""Two services more, which take long to become healthy."""


def service_id(name: str) -> str:
    with connected(ENGINE) as swarm:
        return next((each.id for each in swarm.services() if each.name == name), "")


def cut_off(stage: Stage, cut: Callable[[subprocess.Popen[str]], object]) -> Callable[[], tuple[int, str]]:
    """A deploy that something happens to while it creates services."""

    def run() -> tuple[int, str]:
        tries = {**SLOW, "TRY_VERSION": str(stage.version)}
        with stage.here.start("deploy", *LOCAL, "--stable", "2", env=tries) as process:
            until(lambda: service_id("try-client-1") and service_id("try-client-2"))
            time.sleep(2)
            cut(process)
            output, _ = process.communicate(timeout=120)
        return process.returncode, output

    return run


def kill_all(process: subprocess.Popen[str]) -> None:
    """As when the machine goes: Terraform with its providers, which are a group of their own, and the command."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    groups = [int(child) for child in children if os.getpgid(int(child)) == int(child)]
    assert groups, "Terraform runs"
    for group in groups:
        os.killpg(group, signal.SIGKILL)
    process.kill()


def test_the_engine_is_lost_in_the_middle(stage: Stage, tmp_path: Path) -> None:
    with engine_proxy(tmp_path, ENGINE) as proxy:
        stage.here.reach(proxy.address)
        try:
            output = stage.fails(
                "engine lost",
                cut_off(stage, lambda process: proxy.cut()),
                r"what this deploy had begun is left for the next one: the engine at [^\n]* does not answer",
            )
        finally:
            stage.here.reach(ENGINE)
    assert re.search(r"terraform apply of local-services failed\n  .*(Docker daemon|EOF|connection)", output)
    output = stage.finishes(SLOW)
    assert "service try-client-1: left by an apply that did not finish; removed" in output
    stage.finishes()


def test_ctrl_c(stage: Stage) -> None:
    deploy = cut_off(stage, lambda process: process.send_signal(signal.SIGINT))
    output = stage.fails("Ctrl-C", deploy, r"interrupted: running operations finished, state is saved [^\n]*")
    assert not service_id("try-client-1"), output
    assert stage.rows[-1].code == 130
    stage.finishes(SLOW)
    stage.finishes()


def test_kill_9(stage: Stage) -> None:
    left: list[str] = []

    def kill(process: subprocess.Popen[str]) -> None:
        kill_all(process)
        left.extend([service_id("try-client-1"), service_id("try-client-2")])

    stage.fails("kill -9", cut_off(stage, kill), r"3 services\)|2 services\)")
    assert all(left)
    output = stage.finishes(SLOW)
    assert "service try-client-1: left by an apply that did not finish; removed" in output
    assert service_id("try-client-1") not in left
    stage.finishes()
