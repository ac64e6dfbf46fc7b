"""The commands ``smoke`` and ``soak``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops import errors
from ops.cli import confirmation
from ops.cli.options import ChangedEnv, Confirm, Env, Json
from ops.terminal import screen


def smoke(
    env: Env = "local",
    as_json: Json = False,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Look at tasks and dependencies once; skip the burst of requests and the large upload.",
        ),
    ] = False,
    outside: Annotated[
        bool, typer.Option("--outside", help="Check only what a visitor can see, without the engine.")
    ] = False,
    connect: Annotated[
        str | None,
        typer.Option(
            "--connect",
            metavar="ADDRESS",
            help="Send every request to this address; for nodes that DNS does not point to yet.",
        ),
    ] = None,
) -> None:
    """Check a running environment from outside: addresses, sign-in, certificates, services, dependencies.

    The result of a whole run is noted with the environment's current release, for promote.

    Exits with 1 when a check failed. Example: smoke --env prod --outside
    """
    from ops.release.recording import record_smoke
    from ops.smoke import report
    from ops.smoke.run import Smoke
    from ops.terraform.target import target_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        target = target_of(env)
        result = Smoke(target, quick=quick, outside=outside, connect=connect).run(say)
    if not quick and not outside:
        record_smoke(target, passed=not result.failed)
    if as_json:
        print(json.dumps(result.as_data(), indent=2))
    else:
        screen.show_report(report.render(result))
    raise typer.Exit(errors.FINDING if result.failed else errors.FINE)


def soak(
    env: ChangedEnv,
    times: Annotated[int, typer.Option("--times", min=1, max=100, help="Number of rounds.")] = 10,
    confirm: Confirm = None,
) -> None:
    """Purge, deploy and smoke-test the local environment again and again. Each round deletes all its data.

    Example: soak --env local --times 3 --confirm local
    """
    from ops.smoke.soak import ENVIRONMENT, Soak

    if env != ENVIRONMENT:
        raise errors.WrongUse(
            f"soak is for {ENVIRONMENT} only: it deletes all data before each round",
            fix=f"use --env {ENVIRONMENT}",
        )
    confirmation.typed(env, confirm, f"soak deletes all data of {env} before each round")
    raise typer.Exit(errors.FINE if Soak(times).run() else errors.FINDING)
