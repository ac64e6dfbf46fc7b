"""A platform that stands while deploys fail, a client that asks it all the time, and a table of what came of them."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.boot.throwaway import LABEL
from tests.live.checkout import LOCAL, Here, checkout, left_over

PORT = 18999
"""Of somebody else's container."""

IN_TIME_S = 120.0
"""A deploy that fails ends within this, its check and synthesis included; services may take 25 s to converge."""
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


@contextmanager
def staged(folder: Path, **tries: str) -> Iterator[Stage]:
    """The platform at its first version, in a copy; at the end a table of what failed is printed, and nothing is left.

    Args:
        tries: variables of every deploy.
    """
    with checkout(folder, "fault_platform", environments=("local",)) as here:
        here.always(**tries)
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


def deployed(stage: Stage, *words: str, **tries: str) -> Callable[[], tuple[int, str]]:
    """A deploy of the next version with something wrong."""

    def run() -> tuple[int, str]:
        asked = ("deploy", *LOCAL, "--stable", "2", *words)
        with stage.here.start(*asked, env=stage.next(**tries)) as process:
            output, _ = process.communicate(timeout=300)
        return process.returncode, output

    return run


def until(look: Callable[[], Any], *, seconds: float = 120, every_s: float = 0.2) -> None:
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end
        time.sleep(every_s)


def of_trials() -> list[str]:
    """What trials have made and not removed."""
    having = ("--filter", f"label={LABEL}", "--quiet")
    found = [
        docker("ps", "--all", *having),
        docker("network", "ls", *having),
        docker("volume", "ls", *having),
    ]
    return "\n".join(found).split()
