"""The commands ``smoke`` and ``soak``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops import errors
from ops.cli.options import Env, Json
from ops.terminal import screen


def smoke(
    env: Env = "local",
    as_json: Json = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="One look at the tasks and dependencies, no burst, no large upload."),
    ] = False,
    outside: Annotated[
        bool, typer.Option("--outside", help="Only what anybody can see; the engine is not asked.")
    ] = False,
    connect: Annotated[
        str | None,
        typer.Option(
            "--connect",
            metavar="ADDRESS",
            help="Send every name there; for nodes that DNS does not lead to yet.",
        ),
    ] = None,
) -> None:
    """Check a running environment from outside: addresses, sign-in, certificates, services, dependencies."""
    from ops.smoke import report
    from ops.smoke.run import Smoke
    from ops.terraform.target import target_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        result = Smoke(target_of(env), quick=quick, outside=outside, connect=connect).run(say)
    if as_json:
        print(json.dumps(result.as_data(), indent=2))
    else:
        screen.show_report(report.render(result))
    raise typer.Exit(errors.FINDING if result.failed else errors.FINE)


def soak(
    times: Annotated[int, typer.Option("--times", min=1, max=100, help="How often.")] = 10,
    confirm: Annotated[
        str | None,
        typer.Option(envvar="CONFIRM", metavar="NAME", help="local: each time begins by deleting all of it."),
    ] = None,
) -> None:
    """Bring the local environment up from nothing again and again, and check it each time."""
    from ops.smoke.soak import Soak

    if confirm != "local":
        raise errors.WrongUse(
            "soak deletes all data of local before each time", fix="confirm with the name: --confirm local"
        )
    raise typer.Exit(errors.FINE if Soak(times).run() else errors.FINDING)
