"""The commands about Terraform's state."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops import errors
from ops.cli.options import ChangedEnv, Json
from ops.terminal import screen

app = typer.Typer(help="The bucket for Terraform's state.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The bucket for Terraform's state."""


@app.command()
def create(
    env: ChangedEnv,
    rounds: Annotated[
        int,
        typer.Option(
            "--rounds",
            min=1,
            max=1000,
            metavar="NUMBER",
            help="Rounds of the test in which two writers race for the lock.",
        ),
    ] = 40,
    as_json: Json = False,
) -> None:
    """Create the private bucket for an environment's Terraform state, and test its lock. Exits with 1 if two writers get the lock at once.

    Example: state create --env prod
    """
    from layers.loading import load_environment
    from ops.state.create import WAY_OUT
    from ops.state.create import create as make

    with screen.doing() as say:
        created = make(load_environment(env), rounds=rounds, say=say)
    if as_json:
        print(json.dumps(created.as_data(), indent=2))
    else:
        print("\n".join(created.lines()))
    if not created.excludes:
        screen.fail(f"the lock of this bucket does not work: two writers got it at once\n  {WAY_OUT}")
    raise typer.Exit(errors.FINE if created.excludes else errors.FINDING)
