"""The command ``upgrade-store``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import confirmation
from ops.cli.change import parallel_operations, stable_seconds
from ops.cli.options import ChangedEnv, Confirm, Json, Parallelism, Stable, Yes
from ops.errors import OpsError, WrongUse
from ops.terminal import screen

if TYPE_CHECKING:
    from ops.upgrade.steps import Intent


def upgrade_store(
    env: ChangedEnv,
    store: Annotated[str, typer.Option("--store", metavar="STORE", help="Such as postgres.")],
    plan: Annotated[
        bool,
        typer.Option(
            "--plan", help="Show what would happen and for how long services are away, and change nothing."
        ),
    ] = False,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="TIME",
            help="On the way back: load the newest copy of this time or before, such as 2026-11-27T15:30 (UTC, or with an offset).",
            show_default=False,
        ),
    ] = "",
    without_copy: Annotated[
        bool,
        typer.Option(
            "--without-copy",
            help="On the way back: do not copy what there is first. For a server too broken to be copied: what is in it is lost.",
        ),
    ] = False,
    remove_old: Annotated[
        bool,
        typer.Option(
            "--remove-old",
            help="Remove what earlier changes of version kept. The environment's name must be typed.",
        ),
    ] = False,
    yes: Yes = False,
    confirm: Confirm = None,
    stable: Stable = None,
    parallelism: Parallelism = None,
    as_json: Json = False,
) -> None:
    """Take a store to the version that the files declare: copy it, change the server alone, compare its data, start its clients.

    Edit the image in the files first; another major version must also be acknowledged. The services that use the store stop
    meanwhile. If it fails, the old data is still there: run the command again. To go back, name the old image in the files and
    run the command; the environment's name must be typed. docs/runbooks/upgrade-a-store.md has the steps.

    Examples: upgrade-store --env prod --store postgres --plan, upgrade-store --env prod --store redis --at 2026-11-27T15:30
    """
    from layers.loading import load_environment
    from ops.backup.snapshots import time_of
    from ops.upgrade import run

    if remove_old:
        if plan or at or without_copy:
            raise WrongUse(
                "--remove-old goes with no other option", fix="see python -m ops upgrade-store --help"
            )
        confirmation.typed(
            env, confirm, f"upgrade-store --remove-old removes what {store} had before its version changed"
        )
        for line in run.remove_old(env, store):
            screen.out.print(line, markup=False)
        return
    settings = load_environment(env)
    ask = confirmation.question(settings, yes=yes)

    def approve(intent: Intent) -> None:
        for line in intent.lines(env):
            screen.err.print(line, markup=False)
        if plan:
            return
        if intent.change.is_back:
            confirmation.typed(
                env,
                confirm,
                "what was written since the copy that is loaded, or since the directory was left, is lost",
            )
        elif ask is not None and not ask(f"change {store} of {env}?"):
            raise OpsError("not approved; nothing was changed")

    done = run.upgrade_store(
        env,
        store,
        approve=approve,
        plan_only=plan,
        at=time_of(at) if at else None,
        without_copy=without_copy,
        stable_s=stable_seconds(settings) if stable is None else stable,
        parallelism=parallel_operations(settings, parallelism),
    )
    if done is None:
        return
    if as_json:
        print(json.dumps(done.as_data(), indent=2))
    else:
        for line in done.lines():
            screen.out.print(line, markup=False)
