"""The commands about Terraform's state."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ops import errors
from ops.cli import confirmation
from ops.cli.options import ChangedEnv, Confirm, Env, Json
from ops.terminal import screen

app = typer.Typer(help="Terraform's state: its bucket and its lock.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Terraform's state: its bucket and its lock."""


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


@app.command()
def check(env: Env = "local") -> None:
    """Check who can read an environment's state: the bucket's versions, grants and policy, and what else its key opens. Exits with 1 on a finding.

    Example: state check --env prod
    """
    from layers.loading import load_environment
    from ops.state import privacy

    with screen.doing(f"asking for the bucket of {env}"):
        found = list(privacy.findings(load_environment(env), privacy.all_environments()))
    for each in found:
        screen.fail(f"{each.what}\n  {each.fix}")
    if not found:
        print(f"nobody else can read the state of {env}")
    raise typer.Exit(errors.FINDING if found else errors.FINE)


@app.command()
def unlock(env: ChangedEnv, confirm: Confirm = None) -> None:
    """Remove the lock that a killed deploy left on a state: says who holds it and since when. The environment's name must be typed.

    Refuses while Terraform runs for that stack on this machine. It cannot see other machines: ask the person who holds the lock.
    A state in a file needs no unlocking: its lock ends with its process.

    Example: state unlock --env prod
    """
    from ops.state import unlock as lock

    with screen.doing() as say:
        found = lock.locks(env, say)
    if not found:
        print(f"no state of {env} is locked")
        return
    lock.require_abandoned(found)
    for each in found:
        screen.err.print(str(each), markup=False)
    warning = "if one of them still runs, two Terraforms will write one state; remove a lock only if its holder has surely ended"
    confirmation.typed(env, confirm, warning)
    for each in found:
        lock.take_over(each)
        print(f"{each.target.stack}: unlocked")
