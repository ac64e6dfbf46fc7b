"""The command ``run``: another program, such as ``cdktf``, with the values that only a command of ours knows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from ops import errors
from ops.cli.change import parallel_operations, precautions, stable_seconds
from ops.cli.options import ChangedEnv, NoPullAhead, NoTrialBoot, Observe, WithoutCopy
from ops.terminal import screen


def run(
    env: ChangedEnv,
    words: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="The program and its arguments.")],
    applies: Annotated[
        Path | None,
        typer.Option(
            "--applies",
            metavar="FILE",
            help="The saved plan of the services stack that COMMAND applies. Do around it what deploy does: boot new images, copy the database "
            "before its migration, wait for convergence, watch the pages, go back where one is lost, record the release.",
        ),
    ] = None,
    observe: Observe = None,
    without_copy: WithoutCopy = False,
    no_trial_boot: NoTrialBoot = False,
    no_pull_ahead: NoPullAhead = False,
) -> None:
    """Run a program, such as cdktf, for an environment: sets SPROCKET_ENV, and the variables of the services stack from the cloud stack's outputs.

    You get the program's own output and, without --applies, its exit code. The values are not printed.

    Example: run --env prod -- npx cdktf plan prod-services
    """
    from ops.deploy import watched_command
    from ops.terraform.stack_outputs import with_cloud_outputs
    from ops.terraform.target import targets_of

    if shutil.which(words[0]) is None:
        raise errors.OpsError(f"{words[0]} cannot be run: no such program", fix="name one that is installed")
    if applies and not applies.is_file():
        raise errors.WrongUse(f"--applies {applies}: no such file", fix="name the plan that cdktf plan saved")
    with screen.doing() as say:
        say(f"synthesizing {env}")
        targets = targets_of(env)
        say("reading the outputs of the cloud stack")
        target = with_cloud_outputs(targets)
    values = {f"TF_VAR_{name}": value for name, value in target.variables.items()}
    values["SPROCKET_ENV"] = env
    if not applies:
        os.execvpe(words[0], words, {**os.environ, **values})
        return
    settings = targets.services.settings
    watched_command.run(
        targets,
        target,
        words,
        plan=applies.resolve(),
        environment=values,
        stable_s=stable_seconds(settings),
        precautions=precautions(
            settings,
            observe=observe,
            without_copy=without_copy,
            no_trial_boot=no_trial_boot,
            no_pull_ahead=no_pull_ahead,
        ),
        parallelism=parallel_operations(settings, None),
    )
