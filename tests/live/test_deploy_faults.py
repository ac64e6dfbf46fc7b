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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ops.swarm.engine import connected
from tests.live.checkout import ENGINE, LOCAL, Here, checkout, left_over
from tests.live.engine_proxy import engine_proxy

pytestmark = [
    pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"]),
    pytest.mark.proof,
]

IN_TIME_S = 120.0
"""A deploy that fails ends within this, its check and synthesis included; services may take 25 s to converge."""
PORT = 18999
CALLS = """rm -f /tmp/stop /tmp/answers
while [ ! -e /tmp/stop ]; do
  timeout 2 redis-cli -h try-server -p 3000 get version >>/tmp/answers 2>&1 || echo failed >>/tmp/answers
  sleep 0.02
done"""


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class Row:
    """One line of the table at the end."""

    fault: str
    seconds: float
    code: int
    told: str
    requests: int
    failed: int


@dataclass
class Stage:
    """The platform, at its latest version, and somebody else's container beside it."""

    here: Here
    foreign: str
    version: int = 1
    rows: list[Row] = field(default_factory=list)

    def answered(self) -> list[str]:
        """Ends the calls, and what they were answered."""
        docker("exec", self._caller, "touch", "/tmp/stop")
        time.sleep(0.5)
        return docker("exec", self._caller, "cat", "/tmp/answers").splitlines()

    def call(self) -> None:
        """Has a client ask the server for its version all the time."""
        docker("exec", "-d", self._caller, "/bin/sh", "-c", CALLS)

    @property
    def _caller(self) -> str:
        return docker("ps", "-q", "--filter", "label=com.docker.swarm.service.name=try-client-0")

    def next(self, **tries: str) -> dict[str, str]:
        """Variables of the next version."""
        return {"TRY_VERSION": str(self.version + 1), "TRY_CLIENTS": "1", **tries}

    def fails(self, fault: str, deploy: Callable[[], tuple[int, str]], told: str) -> str:
        """A deploy that has to fail, for a reason that is told, while the old version answers."""
        before, self_before = docker("ps", "-q", "--no-trunc"), docker("inspect", self.foreign)
        assert self.foreign in before
        self.call()
        began = time.monotonic()
        code, output = deploy()
        seconds = time.monotonic() - began
        answers = self.answered()
        failed = [each for each in answers if each != str(self.version)]
        found = re.search(told, output)
        self.rows.append(
            Row(fault, seconds, code, found[0] if found else "NOT TOLD", len(answers), len(failed))
        )
        assert found, output
        assert "Traceback" not in output, output
        assert code in (1, 130, -9), output
        assert seconds < IN_TIME_S, output
        assert len(answers) > 20, answers
        assert failed == [], "the old version answers every request"
        assert docker("inspect", self.foreign) == self_before, "what is not ours is not touched"
        return output

    def finishes(self, tries: Mapping[str, str] | None = None) -> str:
        """The next deploy, of what is sound: it ends well, and then nothing is left to change."""
        self.version += 1
        sound = {"TRY_VERSION": str(self.version), "TRY_CLIENTS": "1", **(tries or {})}
        output = self.here.run("deploy", *LOCAL, "--stable", "2", env=sound)
        assert "services converged" in output
        assert self.here.changes() == []
        self.call()
        time.sleep(1)
        assert set(self.answered()) == {str(self.version)}
        return output


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with checkout(tmp_path_factory.mktemp("faults"), "fault_platform", environments=("local",)) as here:
        here.run("deploy", *LOCAL, "--stable", "2", TRY_CLIENTS="1")
        name, tag, digest = here.image.split()
        image = f"{name}:{tag}@{digest}"
        foreign = docker("run", "-d", "-p", f"{PORT}:1", image, "sleep", "3600")
        stage = Stage(here=here, foreign=foreign)
        try:
            yield stage
        finally:
            here.always(TRY_CLIENTS="3")  # A purge recognises what a killed deploy left by its declared name.
            docker("rm", "-f", foreign)
            print(table(stage.rows))
    assert left_over() == []


def table(rows: list[Row]) -> str:
    lines = [f"{'fault':<24} {'ended':>6} {'code':>4} {'requests':>8} {'failed':>6}  what was told"]
    lines += [
        f"{row.fault:<24} {row.seconds:>4.0f} s {row.code:>4} {row.requests:>8} {row.failed:>6}  {' '.join(row.told.split())[:110]}"
        for row in rows
    ]
    return "\n".join(["", *lines])


def deployed(stage: Stage, **tries: str) -> Callable[[], tuple[int, str]]:
    """A deploy of the next version with something wrong."""

    def run() -> tuple[int, str]:
        with stage.here.start("deploy", *LOCAL, "--stable", "2", env=stage.next(**tries)) as process:
            output, _ = process.communicate(timeout=300)
        return process.returncode, output

    return run


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            "crash",
            r"its task failed: task: non-zero exit \(3\)[^\n]*\n    cannot read the settings of version 2",
        ),
        ("unhealthy", r"unhealthy: its health check printed 'answers 500'"),
        ("digest", r"its task rejected: No such image: [^\n]*@sha256:f{64}"),
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


def until(look: Callable[[], Any], *, seconds: float = 120, every_s: float = 0.2) -> None:
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end
        time.sleep(every_s)


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
