"""The commands about the image lock."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated

import typer

from ops import errors, screen
from ops.columns import columns
from ops.options import Json

app = typer.Typer(help="The image lock.", no_args_is_help=True)


@app.command("list")
def list_images(as_json: Json = False) -> None:
    """Show every pinned image and whether its digest is known."""
    from ops.images import LockFile

    pins = list(LockFile().pins())
    rows = [
        {"place": p.place, "service": p.service, "image": f"{p.name}:{p.tag}", "digest": p.digest}
        for p in pins
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    cells = [(r["place"], r["service"], r["image"], r["digest"].removeprefix("sha256:")[:12]) for r in rows]
    print("\n".join(columns([("place", "service", "image", "digest"), *cells])))


@app.command()
def resolve(
    again: Annotated[
        bool, typer.Option("--again", help="Look up all digests, not only what is unresolved.")
    ] = False,
) -> None:
    """Look digests up in their registries and write them to images.lock.yaml; exit code 1 when one was not found."""
    from ops import images
    from ops.registry import Registries

    lock = images.LockFile()
    with Registries() as registries, screen.doing() as say:
        result = images.resolve(lock, registries, again=again, say=say)
    lock.save()
    for image, (before, after) in result.found.items():
        screen.out.print(f"{image}: {before} -> {after}", markup=False)
    for reason, count in Counter(result.failed.values()).items():
        screen.fail(f"{reason} ({count} images)" if count > 1 else reason)
    if not result.found and not result.failed:
        screen.err.print("every image has its digest")
    raise typer.Exit(errors.FINDING if result.failed else errors.FINE)
