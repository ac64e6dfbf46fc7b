"""The commands about the image lock."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops import errors
from ops.cli.options import Json, known
from ops.terminal import screen
from ops.terminal.columns import columns

if TYPE_CHECKING:
    from ops.registry.login import Login

app = typer.Typer(help="Image versions: the lock file images.lock.yaml.", no_args_is_help=True)


@app.command("list")
def list_images(as_json: Json = False) -> None:
    """Show every pinned image, its digest, and where the digest comes from."""
    from ops.registry.image_lock import LockFile

    pins = list(LockFile().pins())
    rows = [
        {
            "place": p.place,
            "service": p.service,
            "image": f"{p.name}:{p.tag}",
            "digest": p.digest,
            "source": p.source or ("" if p.is_confirmed else "tag unconfirmed"),
        }
        for p in pins
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    cells = [tuple({**row, "digest": _short(row["digest"])}.values()) for row in rows]
    print("\n".join(columns([("place", "service", "image", "digest", "source"), *cells])))


@app.command()
def resolve(
    env: Annotated[
        str | None,
        typer.Option(
            "--env",
            metavar="NAME",
            callback=known,
            help="Use this environment's platform/login only. Default: those of all environments.",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Look up all images, not only those that no registry has confirmed."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask registries for digests and write them to images.lock.yaml. Exits with 1 when a digest could not be found.

    The application's images need platform/login in an environment's file and the token in TF_VAR_registry_token.
    """
    from ops.registry import image_lock
    from ops.registry.client import Registries

    lock = image_lock.LockFile()
    answers: list[image_lock.Answer] = []
    with Registries(_logins(env)) as registries, screen.doing() as say:
        try:
            answers = image_lock.resolve(
                lock, registries, again=again, today=datetime.now(UTC).date(), say=say
            )
        finally:
            # Also after Ctrl-C: every answer until then is in the lock already.
            lock.save()
    if as_json:
        print(json.dumps([answer.as_data() for answer in answers], indent=2))
    elif answers:
        cells = [(a.image, _short(a.digest), a.verdict, a.text) for a in answers]
        print("\n".join(columns([("image", "digest", "answer", ""), *cells])))
    else:
        screen.err.print("every digest was already confirmed by a registry; --again looks up all of them")
    failed = sum(answer.is_failure for answer in answers)
    if failed:
        screen.fail(
            f"{failed} of {len(answers)} images could not be resolved; their entries in the lock are unchanged"
        )
    raise typer.Exit(errors.FINDING if failed else errors.FINE)


@app.command()
def take(
    file: Annotated[
        Path, typer.Argument(help="A bill of materials of the application: main-<sha>.json.", dir_okay=False)
    ],
    line: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The line of images to update, where the lock has several."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the diff, write nothing.")] = False,
) -> None:
    """Write the tags and digests of a bill of materials to images.lock.yaml, and print the diff.

    Example: images take main-0123abc.json --dry-run
    """
    from ops.registry import bill_of_materials
    from ops.registry.image_lock import LockFile

    lock = LockFile()
    given = bill_of_materials.read(file)
    taken = bill_of_materials.take(given, lock, line=line)
    print(lock.diff(), end="")
    changed = not dry_run and lock.save()
    outcome = f"{lock.path.name} written" if changed else "nothing written"
    what = ", ".join(taken) or "no image of a service"
    screen.err.print(f"{outcome}: the bill of commit {given.commit} has {what}", markup=False)


def _logins(env: str | None) -> dict[str, Login]:
    """Logins of one environment, or of all that can be read: they share the lock."""
    from layers.errors import SettingsError
    from layers.loading import environment_names
    from ops.registry.image_lock import logins_of

    if env is not None:
        return logins_of(env, os.environ)
    found: dict[str, Login] = {}
    for name in environment_names():
        with suppress(SettingsError):
            found |= logins_of(name, os.environ)
    return found


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
