"""The commands about backups: backup, backup list, restore, drill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops import errors
from ops.cli import confirmation
from ops.cli.change import stable_seconds
from ops.cli.options import ChangedEnv, Confirm, Env, Json, Stable, known
from ops.terminal import screen

if TYPE_CHECKING:
    from ops.backup.jobs import Job
    from ops.backup.world import World
    from ops.terraform.target import Targets

SCRATCH = "scratch"

app = typer.Typer(invoke_without_command=True)

Stores = Annotated[
    list[str] | None,
    typer.Option("--store", metavar="STORE", help="Such as redis. May be given several times. Default: all."),
]


@app.callback()
def backup(
    context: typer.Context,
    env: Annotated[
        str | None,
        typer.Option(
            "--env", metavar="NAME", callback=known, help="The environment, whose stores are copied."
        ),
    ] = None,
    store: Stores = None,
    state: Annotated[
        bool,
        typer.Option(
            "--state", help="Copy Terraform's states, and of the stores only those named by --store."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Copy stores to the bucket now, all at once, and wait until the copies are there. Exits with 1 if one is not.

    Copies are made by themselves, too: this is for a moment before something risky. `list` shows what there is.

    Example: backup --env prod --store redis
    """
    if context.invoked_subcommand is not None:
        if env is not None or store or state:
            raise errors.WrongUse(
                f"options of {context.invoked_subcommand} come after it",
                fix=f"python -m ops backup {context.invoked_subcommand} --env NAME",
            )
        return
    if env is None:
        raise errors.WrongUse("missing option '--env'", fix="see python -m ops backup --help")
    _back_up(env, list(store or ()), state=state, as_json=as_json)


@app.command("list")
def list_(env: Env = "local", store: Stores = None, as_json: Json = False) -> None:
    """Show the copies in the bucket, and of each store the age, size and duration of the last. Exits with 1 if one is late or failed.

    A copy is late when it is two hours older than the time between two copies. With --store every copy is listed.

    Example: backup list --env prod --store redis
    """
    from ops.backup import listing
    from ops.backup.jobs import chosen
    from ops.backup.world import reached

    with screen.doing() as say:
        targets = _targets(env, say)
        say("reading the bucket")
        with reached(targets.services) as world:
            found = listing.listed(world, chosen(world.jobs, store or (), env), states=not store)
    if as_json:
        print(json.dumps([each.as_data() for each in found], indent=2))
    else:
        screen.show_report("\n".join(listing.lines(found, each=bool(store))))
    raise typer.Exit(errors.FINDING if any(each.problem for each in found) else errors.FINE)


def restore(
    env: ChangedEnv,
    store: Annotated[
        list[str] | None,
        typer.Option(
            "--store",
            metavar="STORE",
            help="Such as redis, or state-prod-services. May be given several times.",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All stores.")] = False,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="TIME",
            help="Take the newest copy of this time or before, such as 2026-11-27T15:30 (UTC, or with an offset).",
        ),
    ] = "latest",
    into: Annotated[
        str | None,
        typer.Option(
            "--into",
            metavar="WHERE",
            help="scratch: fetch and verify the copy, and leave the store alone. For a state: the file to write.",
        ),
    ] = None,
    without_copy: Annotated[
        bool,
        typer.Option(
            "--without-copy",
            help="Do not copy what is there now first. For stores too broken to be copied: what is in them is lost.",
        ),
    ] = False,
    stable: Stable = None,
    confirm: Confirm = None,
    as_json: Json = False,
) -> None:
    """Replace what stores have with copies from the bucket. The environment's name must be typed.

    The copies are fetched and verified first. Then the services that use the stores stop, what is there now is copied
    to the bucket, the copies are loaded, and the services start. Ctrl-C before the load leaves the stores as they are;
    during it, it waits for its end. docs/runbooks/backup-and-restore.md says more.

    Examples: restore --env prod --store redis --at 2026-11-27T15:30, restore --env prod --all --into scratch
    """
    from ops.backup.snapshots import time_of
    from ops.backup.state import PREFIX
    from ops.backup.world import reached

    names = list(store or ())
    if bool(names) == everything:
        raise errors.WrongUse(
            "restore needs --store STORE or --all, not both", fix="see python -m ops restore --help"
        )
    time = time_of(at)
    states = [name for name in names if name.startswith(PREFIX)]
    if states and (len(names) > 1 or into in (None, SCRATCH)):
        raise errors.WrongUse(
            f"{states[0]} is restored by itself, into a file", fix=f"restore --store {states[0]} --into FILE"
        )
    if not states and into not in (None, SCRATCH):
        raise errors.WrongUse(
            f"--into {into}: a store is restored into its server", fix="use --into scratch, or leave it out"
        )
    with screen.doing() as say:
        targets = _targets(env, say)
    with reached(targets.services) as world:
        if states:
            _restore_state(world, states[0], time, Path(str(into)), as_json=as_json)
        else:
            _restore_stores(
                world,
                names,
                time,
                scratch=into == SCRATCH,
                without_copy=without_copy,
                stable_s=stable_seconds(targets.services.settings) if stable is None else stable,
                confirm=confirm,
                as_json=as_json,
            )


def drill(env: ChangedEnv, store: Stores = None, as_json: Json = False) -> None:
    """Try the newest copies beside the running platform: fetch each, read it, compare it with what was copied. Exits with 1 on any difference.

    Prints how long each store takes to come back, and how much would be lost. No service stops. A copy that is missing
    or late is a finding, too.

    Example: drill --env prod
    """
    from ops.backup import drill as tries
    from ops.backup.jobs import chosen
    from ops.backup.world import reached

    with screen.doing() as say:
        targets = _targets(env, say)
        with reached(targets.services) as world:
            found = tries.drill(world, chosen(world.jobs, store or (), env), say)
    if as_json:
        print(json.dumps(found.as_data(), indent=2))
    else:
        screen.show_report("\n".join(found.lines()))
    raise typer.Exit(errors.FINDING if found.failed else errors.FINE)


def _back_up(env: str, stores: list[str], *, state: bool, as_json: bool) -> None:
    from ops.backup import copies
    from ops.backup import state as states
    from ops.backup.jobs import chosen
    from ops.backup.world import reached
    from ops.terminal.columns import columns

    with screen.doing() as say:
        targets = _targets(env, say)
        with reached(targets.services) as world:
            jobs: list[Job] = chosen(world.jobs, stores, env) if stores or not state else []
            done, failed = copies.back_up(world, jobs, say)
            skipped = {job.store: job.skips for job in jobs if job.skips}
            if state:
                say("copying the state")
            sent = states.back_up(world, targets.all) if state else []
    if as_json:
        print(
            json.dumps(
                {
                    "stores": [copy.as_data() for copy in done.values()],
                    "states": sent,
                    "not_copied": skipped,
                    "failed": {name: errors.as_data(error) for name, error in failed.items()},
                },
                indent=2,
            )
        )
    else:
        for line in columns([done[name].row for name in sorted(done)]):
            screen.out.print(line, markup=False)
        for name in sent:
            screen.out.print(f"{name}: sent", markup=False)
        for name, why in skipped.items():
            screen.out.print(f"{name}: not copied: {why}", markup=False)
    for error in failed.values():
        screen.fail(str(error))
    raise typer.Exit(errors.FINDING if failed else errors.FINE)


def _restore_stores(
    world: World,
    names: list[str],
    at: float | None,
    *,
    scratch: bool,
    without_copy: bool,
    stable_s: float,
    confirm: str | None,
    as_json: bool,
) -> None:
    from ops.backup.jobs import restorable
    from ops.backup.restore import Restore

    work = Restore(
        world, restorable(world.jobs, names, world.name), at=at, without_copy=without_copy, stable_s=stable_s
    )
    if not scratch:
        confirmation.typed(world.name, confirm, work.warning())
    with screen.doing() as say:
        done = work.try_copies(say, drop=True) if scratch else work.run(say, screen.warn)
    if as_json:
        print(json.dumps(done.as_data(), indent=2))
    else:
        for line in done.lines():
            screen.out.print(line, markup=False)


def _restore_state(world: World, name: str, at: float | None, into: Path, *, as_json: bool) -> None:
    from ops.backup import state

    snapshot = state.restore(world, name, at, into)
    if as_json:
        print(json.dumps({**snapshot.as_data(), "file": str(into)}, indent=2))
    else:
        screen.out.print(f"{into}: state of {snapshot}; docs/runbooks/restore-the-state.md", markup=False)


def _targets(env: str, say: screen.Say) -> Targets:
    from ops.terraform.target import targets_of

    say(f"synthesizing {env}")
    return targets_of(env)
