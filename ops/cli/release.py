"""The commands about releases: releases, rollback, promote, prune."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ops import errors
from ops.cli import confirmation
from ops.cli.change import parallel_operations, stable_seconds
from ops.cli.options import ChangedEnv, Env, Json, Parallelism, Stable, Yes
from ops.terminal import screen
from ops.terminal.columns import columns

if TYPE_CHECKING:
    from ops.release.release import Release


def releases(env: Env = "local", as_json: Json = False) -> None:
    """List the releases of an environment, the newest first: number, time, commit, how it ended, what changed.

    A deploy that changes what an environment asks for makes a release. The last ten that converged are kept, and all
    after the oldest of these. The first line is the current one.

    Example: releases --env prod
    """
    from layers.loading import load_environment
    from ops.release.archive import archive_of

    found = archive_of(load_environment(env)).releases()[::-1]
    if as_json:
        rows = [each.model_dump(mode="json") | {"current": each is found[0]} for each in found]
        print(json.dumps(rows, indent=2))
        return
    if not found:
        screen.err.print(f"{env} has no releases yet; the next deploy records the first one")
        return
    cells = [
        (
            f"{each.number}{' current' if each is found[0] else ''}",
            f"{each.at:%Y-%m-%d %H:%M}",
            each.short_commit,
            str(each.outcome),
            str(each.smoke),
            _happened(each),
        )
        for each in found
    ]
    print("\n".join(columns([("release", "UTC", "commit", "deploy", "smoke test", "changes"), *cells])))


def _happened(release: Release) -> str:
    what = release.changes if release.cause == "deploy" else f"{release.cause}: {release.changes}"
    return f"{what} ({release.reason})" if release.reason else what


def rollback(
    env: ChangedEnv,
    to: Annotated[
        int | None,
        typer.Option(
            "--to",
            min=1,
            metavar="NUMBER",
            help="The release to go back to. Default: the last one that converged and differs from the current one.",
        ),
    ] = None,
    service: Annotated[
        str,
        typer.Option(
            "--service",
            metavar="NAME",
            help="Take back this service and its files only; all others stay. Default: all services.",
            show_default=False,
        ),
    ] = "",
    stable: Stable = None,
    parallelism: Parallelism = None,
    yes: Yes = False,
) -> None:
    """Go back to an earlier release, with its images and its configuration: show the plan, ask, apply, wait.

    The release holds the whole stack, so this works from any clone, and needs no registry while the nodes have the images.
    Databases, volumes, generated secrets and the cloud stay as they are. A version of a store that cannot open its present data
    is refused. Afterwards, revert the change in git too: until then, the next deploy goes forward again.

    Examples: rollback --env prod, rollback --env prod --to 7 --service web
    """
    from layers.loading import load_environment
    from ops.deploy.rollback import rollback as run

    settings = load_environment(env)
    run(
        env,
        to=to,
        service=service,
        stable_s=stable_seconds(settings) if stable is None else stable,
        parallelism=parallel_operations(settings, parallelism),
        ask=confirmation.question(settings, yes=yes),
    )


def prune(
    env: ChangedEnv,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking; for pipelines.")] = False,
) -> None:
    """Remove images that no kept release needs from the nodes, and configs and secrets that a failed deploy left.

    Also what trial boots left that were killed, and, on droplets, containers that ended more than a day ago. Shows what would
    be removed and asks. Never removes a service's volume, an image with a tag, or an image that a container uses. A deploy that
    changed services does the same on the droplets, without configs and secrets.

    Example: prune --env prod
    """
    from ops.release.pruning import prune as run

    run(env, ask=None if yes else confirmation.confirmed)


def promote(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM",
            help="An environment, one instance (staging/dev), or the file of a bill of materials.",
        ),
    ],
    to: Annotated[str, typer.Argument(metavar="TO", help="An environment, or one instance: prod/main.")],
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service",
            metavar="NAME",
            help="Promote only the image of this service of TO. May be given several times. Default: all images.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Print the diff, write nothing, and exit with 1 if there is one.")
    ] = False,
    from_lock: Annotated[
        bool,
        typer.Option(
            "--from-lock", help="Take what images.lock.yaml names for FROM, whether it runs or not."
        ),
    ] = False,
) -> None:
    """Write the digests that one environment runs to images.lock.yaml as entries of another, and print the diff.

    They come from the last release of FROM, which must have converged and passed its smoke test; or from the application's
    bill of materials. Nothing but the lock is changed: review and commit it, then deploy TO.

    Examples: promote staging prod, promote staging/dev prod --service web --check, promote main-0123abc.json staging
    """
    from ops.registry import bill_of_materials
    from ops.registry.image_lock import LockFile
    from ops.release import promotion

    lock, names, where = LockFile(), tuple(service or ()), promotion.Scope.parse(to)
    with screen.doing(f"comparing {source} with {to}"):
        if source.endswith(".json"):
            bill = bill_of_materials.read(Path(source))
            found = promotion.promote_bill(bill, where, lock, services=names)
        else:
            origin = promotion.Scope.parse(source)
            found = promotion.promote(origin, where, lock, services=names, from_lock=from_lock)
    for line in found.told:
        screen.err.print(Text(line, style="bold red" if line.startswith("  !") else ""))
    diff = lock.diff()
    print(diff, end="")
    if not diff:
        screen.err.print(f"nothing to promote: {to} has these images already")
    elif check:
        raise typer.Exit(errors.FINDING)
    else:
        lock.save()
        screen.err.print(
            f"{lock.path.name} written; review and commit it, then: make up ENV={to.partition('/')[0]}"
        )
