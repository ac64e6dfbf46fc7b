"""The commands about Terraform's state."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops import errors
from ops.cli.options import Env, Json
from ops.terminal import screen

app = typer.Typer(help="Where Terraform keeps its state.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Where Terraform keeps its state."""


@app.command()
def create(
    env: Env = "prod",
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, max=1000, help="How often two writers race.")
    ] = 40,
    as_json: Json = False,
) -> None:
    """Make the private bucket for an environment's states, and prove that its lock excludes; exit code 1 if not."""
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
        screen.fail(f"THE LOCK OF THIS BUCKET DOES NOT EXCLUDE\n  {WAY_OUT}")
    raise typer.Exit(errors.FINE if created.excludes else errors.FINDING)
