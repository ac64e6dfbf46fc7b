"""The command line ``python -m rehearsal``."""

from __future__ import annotations

from typing import Annotated

import typer

from ops import errors
from ops.cli.entry import run as run_app
from ops.cli.options import Json

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def rehearse(
    env: Annotated[
        str, typer.Option("--env", metavar="NAME", help="An environment made for rehearsals.")
    ] = "rehearsal",
    nodes: Annotated[
        int,
        typer.Option("--nodes", help="1: one manager; 3: three managers; 4: three managers and a worker."),
    ] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the box running until Ctrl-C.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CHECK", help="Run only this check. May be given several times."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Deploy the whole platform from nothing in a box on this machine, and check it from outside."""
    from rehearsal.suite.run import rehearse as run

    if nodes not in (1, 3, 4):
        raise errors.WrongUse(f"--nodes {nodes} is not supported", fix="use 1, 3 or 4")
    name = env if nodes == 1 else f"{env}-{nodes}"
    raise typer.Exit(
        errors.FINE if run(name, keep=keep, only=tuple(only or ()), as_json=as_json) else errors.FINDING
    )


def main() -> None:
    """Runs ``python -m rehearsal``."""
    run_app(app)
