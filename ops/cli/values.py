"""The command ``run``: another program, such as ``cdktf``, with the values that only a command of ours knows."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from ops import errors
from ops.cli.options import ChangedEnv
from ops.terminal import screen


def run(
    env: ChangedEnv,
    words: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="The program and its arguments.")],
) -> None:
    """Run a program, such as cdktf, for an environment: sets SPROCKET_ENV, and the variables of the services stack from the cloud stack's outputs.

    You get the program's own output and exit code. The values are not printed.

    Example: run --env prod -- npx cdktf plan prod-services
    """
    from ops.terraform.stack_outputs import with_cloud_outputs
    from ops.terraform.target import targets_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        targets = targets_of(env)
        say("reading the outputs of the cloud stack")
        variables = with_cloud_outputs(targets).variables
    values = {f"TF_VAR_{name}": value for name, value in variables.items()}
    try:
        os.execvpe(words[0], words, {**os.environ, "SPROCKET_ENV": env, **values})
    except OSError as error:
        raise errors.OpsError(
            f"{words[0]} cannot be run: {error.strerror}", fix="name a program that is installed"
        ) from None
