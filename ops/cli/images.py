"""The commands about the image lock."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ops import errors
from ops.cli.options import Env, Json
from ops.terminal import screen
from ops.terminal.columns import columns

app = typer.Typer(help="The image lock.", no_args_is_help=True)


@app.command("list")
def list_images(as_json: Json = False) -> None:
    """Show every pinned image, its digest, and who said that it has that one."""
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
    env: Env = "prod",
    again: Annotated[
        bool, typer.Option("--again", help="Ask for all images, not only where no registry was asked yet.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask registries for digests and write them to lock.lock.yaml; exit code 1 when one of them named none.

    The application's images are asked for with platform/login of the environment and the token in TF_VAR_registry_token.
    """
    from ops.registry import image_lock
    from ops.registry.client import Registries

    lock = image_lock.LockFile()
    with Registries(image_lock.logins_of(env, os.environ)) as registries, screen.doing() as say:
        answers = image_lock.resolve(lock, registries, again=again, today=datetime.now(UTC).date(), say=say)
    lock.save()
    if as_json:
        print(json.dumps([answer.as_data() for answer in answers], indent=2))
    elif answers:
        cells = [(a.image, _short(a.digest), a.verdict, a.text) for a in answers]
        print("\n".join(columns([("image", "digest", "answer", ""), *cells])))
    else:
        screen.err.print("registries were asked about every image; --again asks anew")
    failed = sum(answer.is_failure for answer in answers)
    if failed:
        screen.fail(f"{failed} of {len(answers)} images got no digest; the lock keeps what it had for them")
    raise typer.Exit(errors.FINDING if failed else errors.FINE)


@app.command()
def take(
    file: Annotated[
        Path, typer.Argument(help="A bill of materials of the application: main-<sha>.json.", dir_okay=False)
    ],
    line: Annotated[
        str | None, typer.Option(metavar="NAME", help="The line of images, where the lock has several.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the diff, write nothing.")] = False,
) -> None:
    """Write tags and digests of a bill of materials to lock.lock.yaml, and print the diff."""
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


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
