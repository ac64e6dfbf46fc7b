"""The command ``rotate``."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.cli import confirmation
from ops.cli.change import parallel_operations, stable_seconds
from ops.cli.options import ChangedEnv, Parallelism, Yes
from ops.errors import WrongUse


def rotate(
    env: ChangedEnv,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SECRET]...", help="Names of secrets, as layers/secrets.py has them."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All secrets that a deploy can change.")] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show which services would restart, and change nothing.")
    ] = False,
    yes: Yes = False,
    parallelism: Parallelism = None,
) -> None:
    """Give secrets new values, restart what reads them, and check that the old values are refused.

    Generated secrets get a new random value; a supplied one must have its new value in TF_VAR_... already. The plan says
    which services restart and how long they are away. It is refused if it would change anything else.
    registry-token restarts nothing; with the old one in SPROCKET_OLD_REGISTRY_TOKEN, the registry is asked whether it refuses it.

    Examples: rotate --env local redis-password, rotate --env prod --all --plan
    """
    from layers.loading import load_environment
    from ops.rotate.rotate import rotate as run

    if bool(names) == everything:
        raise WrongUse(
            "name the secrets to rotate, or add --all, and not both",
            fix="such as: python -m ops rotate --env local redis-password",
        )
    settings = load_environment(env)
    run(
        env,
        names or [],
        plan_only=plan,
        stable_s=stable_seconds(settings),
        parallelism=parallel_operations(settings, parallelism),
        ask=confirmation.question(settings, yes=yes),
    )
