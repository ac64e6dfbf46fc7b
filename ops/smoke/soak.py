"""Repeated cold starts: purge, up, smoke, with the time of each step, the restarts of every task and what every service used."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import docker
import requests
from rich.text import Text

from ops.lines import lines_in, text_of
from ops.paths import ROOT, STATE
from ops.swarm.containers import SERVICE
from ops.terminal import screen
from ops.terminal.columns import columns

ENVIRONMENT = "local"
MOST_RESTARTS = 3
"""For each service in one cold start. A task that exits while another is not ready yet counts."""

SHOWN_LINES = 15


class TaskExits:
    """Counts the containers of services that exit, from the engine's events, while its context is open.

    It reads them as a stream: the engine keeps only the last 256 events, and each health check causes three.
    """

    def __init__(self, host: str = "unix:///var/run/docker.sock") -> None:
        self.by_service: Counter[str] = Counter()
        self._host = host
        self._api: Any = None
        self._thread = threading.Thread(target=self._read, name="engine events", daemon=True)
        self._stream: Any = None
        self._over = False

    def __enter__(self) -> TaskExits:
        self._api = docker.APIClient(base_url=self._host)
        self._stream = self._api.events(filters={"type": "container", "event": "die"}, decode=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._stream.close()
        self._thread.join(timeout=5)
        self._api.close()

    def _read(self) -> None:
        try:
            for event in self._stream:
                self.take(event)
        except (requests.RequestException, OSError, ValueError, AttributeError):
            # Closing the stream ends the loop with an error of whichever layer was reading.
            if not self._over:
                raise

    def take(self, event: Mapping[str, Any]) -> None:
        """Counts one event, if it is about a service's container."""
        name = event.get("Actor", {}).get("Attributes", {}).get(SERVICE)
        if name and event.get("Action") == "die":
            self.by_service[name] += 1


@dataclass(frozen=True, kw_only=True)
class Round:
    """One cold start."""

    number: int
    seconds: Mapping[str, float]
    restarts: Mapping[str, int] = field(default_factory=dict)
    passed: int = 0
    failed: int = 0
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether all checks passed and no service restarted too often."""
        return (
            not self.problem and self.failed == 0 and max(self.restarts.values(), default=0) <= MOST_RESTARTS
        )

    @property
    def row(self) -> tuple[str, ...]:
        """The row of the table."""
        worst = ", ".join(f"{name} {count}" for name, count in sorted(self.restarts.items())) or "none"
        times = (f"{self.seconds.get(step, 0):.0f} s" for step in ("purge", "up", "smoke"))
        result = "ok" if self.ok else "FAILED"
        return (str(self.number), *times, str(self.passed), str(self.failed), worst, result)


HEADINGS = ("round", "purge", "up", "smoke", "passed", "failed", "restarts", "")


class Soak:
    """Repeats the commands of a person, each as a process.

    Args:
        times: how often.
        folder: where the output of each command is kept.
    """

    def __init__(self, times: int, *, folder: Path = STATE / "soak") -> None:
        self._times = times
        self._folder = folder

    def run(self) -> bool:
        """Runs all rounds, prints a line after each and the table at the end, and returns whether all passed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        rounds: list[Round] = []
        try:
            for number in range(1, self._times + 1):
                rounds.append(self._round(number))
                screen.err.print(Text(f"round {number} of {self._times}: {'  '.join(rounds[-1].row[1:])}"))
                if rounds[-1].problem:
                    screen.err.print(Text(rounds[-1].problem))
        finally:
            print("\n".join(table(rounds)))
        return all(each.ok for each in rounds)

    def _round(self, number: int) -> Round:
        seconds: dict[str, float] = {}
        problem = self._step(
            number, "purge", ["purge", "--env", ENVIRONMENT, "--confirm", ENVIRONMENT], seconds
        )
        deaths = TaskExits()
        with deaths:
            problem = problem or self._step(number, "up", ["deploy", "--env", ENVIRONMENT], seconds)
            problem = problem or self._step(
                number, "smoke", ["smoke", "--env", ENVIRONMENT, "--json"], seconds
            )
        if "smoke" in seconds:
            self._record_use(number, seconds)
        found = self._found(number) if "smoke" in seconds else {}
        return Round(
            number=number,
            seconds=seconds,
            restarts=dict(deaths.by_service),
            passed=int(found.get("passed", 0)),
            failed=int(found.get("failed", 0)),
            problem=problem,
        )

    def _record_use(self, number: int, seconds: dict[str, float]) -> None:
        """Keeps what the services used since the round's deploy began; a round does not fail for want of that."""
        window = f"{math.ceil(seconds['up'] + seconds['smoke'])}s"
        words = ["resources", "--env", ENVIRONMENT, "--window", window, "--json"]
        if problem := self._step(number, "resources", words, seconds):
            screen.warn(f"warning: the use of resources is not known: {problem}")

    def _step(self, number: int, name: str, words: Sequence[str], seconds: dict[str, float]) -> str:
        """Runs one command; returns the end of its output if it failed."""
        log = self._log(number, name)
        started = time.monotonic()
        with screen.doing(f"round {number}: {name}"), log.open("w") as out, _errors(log).open("w") as err:
            run = subprocess.run(
                [sys.executable, "-m", "ops", *words],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                check=False,
            )
        seconds[name] = time.monotonic() - started
        if run.returncode == 0:
            return ""
        lines = [line for each in (_errors(log), log) for line in lines_in(text_of(each.read_bytes()))]
        shown = _failures(lines) if name == "smoke" else lines[-SHOWN_LINES:]
        return "\n".join([f"{name} ended with {run.returncode} ({log}):", *shown])

    def _found(self, number: int) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._log(number, "smoke").read_text())
        except ValueError:
            return {}
        return found

    def _log(self, number: int, name: str) -> Path:
        return self._folder / f"{number:02}-{name}.out"


def _errors(log: Path) -> Path:
    return log.with_suffix(".err")


def _failures(lines: Sequence[str]) -> list[str]:
    """The failed checks in the JSON of a smoke test, or the end of its output where that is no JSON."""
    start = next((number for number, line in enumerate(lines) if line == "{"), None)
    try:
        found = json.loads("\n".join(lines[start:])) if start is not None else {}
    except ValueError:
        found = {}
    failed = [check for check in found.get("checks", []) if check["status"] == "failed"]
    shown = [f"  {check['area']}: {check['name']}: {check.get('found', '')}" for check in failed]
    return shown or list(lines[-SHOWN_LINES:])


def table(rounds: Sequence[Round]) -> list[str]:
    """The table of all rounds, and a summary."""
    passed = sum(each.ok for each in rounds)
    worst = max((count for each in rounds for count in each.restarts.values()), default=0)
    return [
        *columns([HEADINGS, *(each.row for each in rounds)]),
        f"most restarts of one service in one round: {worst} ({MOST_RESTARTS} allowed)",
        f"{passed} of {len(rounds)} cold starts passed",
    ]
