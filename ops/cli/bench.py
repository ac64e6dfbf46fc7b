"""The command for benchmarks."""

from __future__ import annotations

from typing import Annotated

import typer

from ops import errors
from ops.terminal import screen


def bench(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="NAME",
            help="synth, cold-deploy, plan, rollback or growth. May be given several times. Default: all.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Measure synthesis, deploys, plans and a rollback, as ratios. Exits with 1 when a bar is missed.

    All of it takes about 15 minutes. Each line has a name, what was measured, its bar, and what it is made
    of (docs/benchmarks.md). All but synth deploy to this machine's engine, or that of DOCKER_HOST, whose
    swarm must have no services, and remove what they deployed, also on Ctrl-C. What cannot run on this
    machine is skipped with the reason. That is not a pass, and where nothing could run, the exit code is 1.

    Example: bench --only plan --only rollback
    """
    from ops.bench.result import Measured
    from ops.bench.run import NAMES, measure
    from ops.programs import require

    chosen = only or list(NAMES)
    for name in chosen:
        if name not in NAMES:
            raise errors.WrongUse(
                f"--only {name}: there is no such benchmark", fix=f"use one of {', '.join(NAMES)}"
            )
    require("node")
    results = []
    with screen.doing() as say:
        for result in measure(chosen, say):
            results.append(result)
            print(result, flush=True)
    measured = [result for result in results if isinstance(result, Measured)]
    missed = [result.name for result in measured if not result.met]
    print(
        f"{len(measured)} measured, {len(missed)} bars missed{': ' if missed else ''}{', '.join(missed)}, "
        f"{len(results) - len(measured)} skipped"
    )
    raise typer.Exit(errors.FINDING if missed or not measured else errors.FINE)
