"""The command that names changes which no deploy made."""

from __future__ import annotations

import json

import typer

from ops import errors
from ops.cli.options import Env, Json
from ops.terminal import screen


def drift(env: Env = "local", as_json: Json = False) -> None:
    """Find every change that no deploy made: services, networks, secrets, nodes, keys, droplets, firewalls, DNS. Changes nothing.

    Compares with what the last deploy left, not with edits that nobody has deployed. Says for each change what to do. Exits with 1
    if something was changed, or if something did not answer, since nothing is known about that.

    Example: drift --env prod
    """
    from ops.drift import run, text
    from ops.terraform.target import targets_of

    with screen.doing() as say:
        say(f"synthesizing {env}")
        report = run.drift_of(targets_of(env), say)
    if as_json:
        print(json.dumps(report.as_data(), indent=2))
    else:
        screen.show_report(text.render(report))
    raise typer.Exit(errors.FINE if report.is_quiet else errors.FINDING)
