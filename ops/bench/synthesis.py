"""How long synthesis takes."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ops.bench.command import run
from ops.bench.result import Measured
from ops.bench.timing import Seconds, growth, in_turns, per_service, timed
from ops.errors import OpsError
from ops.lines import lines_in
from ops.paths import ROOT
from ops.terminal.screen import Say

RUNS = 5
PROGRAMS = ROOT / "tests" / "bench"
SIZES = (0, 100, 300)


def measure(say: Say) -> list[Measured]:
    """Each number is a median of alternating runs in processes of their own, bytecode cached.

    - ``synth-prod``: wall time to synthesize prod over that of an empty app that imports the same bindings; at most 2.
    - ``synth-growth``: what each of 300 services costs over what each of 100 costs, both beyond the same stack
      without any, in processor time, which other work on the machine does not change. 1 is linear, the bar leaves 15 %
      for noise.
    """
    with tempfile.TemporaryDirectory(prefix="sprocket-bench-") as cache:

        def program(*words: str) -> Callable[[], Seconds]:
            return partial(_run, words, Path(cache))

        empty = program(str(PROGRAMS / "empty.py"), "{out}")
        prod = in_turns(
            {"synth of an empty app": empty, "synth of prod": program("main.py")}, RUNS, say
        ).values()
        sized = {
            f"synth of {size} services": program(str(PROGRAMS / "many.py"), str(size), "{out}")
            for size in SIZES
        }
        taken = in_turns(sized, RUNS, say).values()
    nothing, whole = (seconds.wall for seconds in prod)
    costs = dict(zip(SIZES, (seconds.processor for seconds in taken), strict=True))
    each = ", ".join(f"{per_service(costs[0], costs[size], size) * 1000:.1f} ms" for size in SIZES[1:])
    return [
        Measured(
            name="synth-prod",
            value=whole / nothing,
            bar=2.0,
            detail=f"prod {whole:.2f} s, empty app {nothing:.2f} s",
        ),
        Measured(
            name="synth-growth",
            value=growth(costs),
            bar=1.15,
            detail=f"{each} of the processors a service at {SIZES[1]} and {SIZES[2]} services",
        ),
    ]


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
        with timed() as taken:
            done = run(command, timeout_s=300, folder=ROOT, environment=environment)
    if done.returncode:
        raise OpsError(f"{words[0]} failed: {(lines_in(done.stderr.strip()) or ['no output'])[-1]}")
    return taken
