"""Benchmarks of synthesis, as ratios that hold on any machine."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.errors import OpsError
from ops.paths import ROOT

RUNS = 5
RUNS_OF_MANY = 3
_PROGRAMS = ROOT / "tests" / "bench"


@dataclass(frozen=True)
class Result:
    """One measured ratio and its upper limit."""

    name: str
    ratio: float
    bar: float

    @property
    def met(self) -> bool:
        """Whether it is within the limit."""
        return self.ratio <= self.bar

    def __str__(self) -> str:
        return f"{self.name} {self.ratio:.2f} {self.bar:.2f}"


def measure(say: Callable[[str], None]) -> list[Result]:
    """Runs all benchmarks. Each number is a median of alternating runs in processes of their own, bytecode cached.

    - ``synth-prod``: wall time to synthesize prod over that of an empty app that imports the same bindings; at most 2.
    - ``synth-1000``: what 1,000 services cost beyond the empty app, over ten times what 100 cost beyond it, in processor
      time, since runs of ten seconds meet whatever else the machine does; 1 is linear, the bar leaves 15 % for noise.
    """
    empty = [str(_PROGRAMS / "empty.py"), "{out}"]
    many = str(_PROGRAMS / "many.py")
    sizes = {"empty": empty, "100": [many, "100", "{out}"], "1000": [many, "1000", "{out}"]}
    with tempfile.TemporaryDirectory(prefix="sprocket-bench-") as cache:
        prod = medians({"empty": empty, "prod": ["main.py"]}, RUNS, say, Path(cache))
        large = medians(sizes, RUNS_OF_MANY, say, Path(cache))
    return [
        Result("synth-prod", prod["prod"].wall / prod["empty"].wall, 2.0),
        Result(
            "synth-1000",
            growth(large["empty"].processor, large["100"].processor, large["1000"].processor),
            1.15,
        ),
    ]


def growth(empty: float, hundred: float, thousand: float) -> float:
    """Cost of 1,000 services over ten times the cost of 100, each without the empty app's."""
    return (thousand - empty) / (10 * (hundred - empty))


@dataclass(frozen=True)
class Seconds:
    """What a run took by the clock, and of the processors (Python and the Node that it drives)."""

    wall: float
    processor: float


def medians(
    programs: Mapping[str, Sequence[str]], runs: int, say: Callable[[str], None], cache: Path
) -> dict[str, Seconds]:
    """Medians by name, after one run of each that counts for nothing; the programs take turns, so that a slow minute
    hits all of them."""
    times: dict[str, list[Seconds]] = {name: [] for name in programs}
    for number in range(runs + 1):
        for name, words in programs.items():
            say(f"synthesizing {name}, {f'run {number} of {runs}' if number else 'to warm up'}")
            times[name].append(_run(words, cache))
    return {
        name: Seconds(
            statistics.median(seconds.wall for seconds in taken[1:]),
            statistics.median(seconds.processor for seconds in taken[1:]),
        )
        for name, taken in times.items()
    }


def _run(words: Sequence[str], cache: Path) -> Seconds:
    with tempfile.TemporaryDirectory(prefix="sprocket-bench-") as out:
        environment = {
            **os.environ,
            "SPROCKET_ENV": "prod",
            "SPROCKET_POWER": "on",
            "CDKTF_OUTDIR": str(Path(out) / "cdktf.out"),
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(cache),
        }
        command = [sys.executable, *(word.format(out=Path(out) / "cdktf.out") for word in words)]
        used = _processor()
        started = time.perf_counter()
        run = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        taken = Seconds(time.perf_counter() - started, _processor() - used)
    if run.returncode:
        raise OpsError(f"{words[0]} failed: {(run.stderr.strip().splitlines() or ['no output'])[-1]}")
    return taken


def _processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
