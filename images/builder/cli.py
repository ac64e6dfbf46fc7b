"""Command line of the image builder."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from typer.exceptions import TyperException

from images.builder import debian, engine, lock, version
from images.builder.builder import Built, Say, build_all
from images.builder.errors import ImagesError
from images.builder.paths import ACME_CA_FILE, LOCK_FILE, RECIPES, cache_dir, programs_dir
from images.builder.plan import steps
from images.builder.recipe import read_all
from images.builder.registry import Registry, chosen_port

app = typer.Typer(
    help="Images built from packages, and the registry on loopback that holds them.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip
registry_app = typer.Typer(help="The registry on 127.0.0.1.", no_args_is_help=True)
app.add_typer(registry_app, name="registry")
WRONG_USE, INTERRUPTED = 2, 130
_screen = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Port = Annotated[
    int | None,
    typer.Option(
        envvar="SPROCKET_REGISTRY_PORT", min=1, max=65535, help="Port of the registry. \\[default: 5000]"
    ),
]


@app.command()
def build(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help="Build only this image and its parents."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Rebuild with newer packages, even if nothing changed.")
    ] = False,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Build what changed, push it, and write images.packages.lock.yaml."""
    count = len(steps(read_all(RECIPES, programs_dir()), debian.recipe_hash(), only or ()))
    try:
        with _progress(count, quiet=as_json) as say:
            result = build_all(only or (), force=force, say=say, port=port)
    except KeyboardInterrupt:
        _screen.print("interrupted: finished images are kept, and the lock names only those")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print(json.dumps(_report(result), indent=2, sort_keys=True))
        return
    if not result.built and not result.pushed:
        _screen.print(f"{count} images, nothing changed")
    else:
        _screen.print(f"{len(result.built)} built, {len(result.pushed)} pushed; lock: {LOCK_FILE.name}")
    _show(version.table(result.entries))
    _screen.print(version.unproven(result.entries))


@app.command("list")
def list_images(as_json: Json = False) -> None:
    """Show where each image comes from."""
    locked = lock.load(LOCK_FILE)
    plan = [
        step
        for step in steps(read_all(RECIPES, programs_dir()), debian.recipe_hash())
        if not step.recipe.internal
    ]
    rows = []
    for step in sorted(plan, key=lambda step: step.recipe.name):
        entry = locked.get(step.recipe.name)
        state = (
            "not built"
            if entry is None
            else "built"
            if entry.tag == step.tag
            else "changed since it was built"
        )
        rows.append((step, state))
    if as_json:
        print(
            json.dumps(
                [{**_row(step.recipe), "tag": step.tag, "state": state} for step, state in rows], indent=2
            )
        )
        return
    heading = ("image", "source", "program", "lacks", "state")
    cells = [
        (s.recipe.name, s.recipe.source, s.recipe.program, ", ".join(s.recipe.lacks), state)
        for s, state in rows
    ]
    _show([heading, *cells])


@app.command()
def clean(
    all_data: Annotated[
        bool, typer.Option("--all", help="Also remove the registry's data and all downloads.")
    ] = False,
    port: Port = None,
) -> None:
    """Remove the images built here from the engine, and the lock. Images that containers use stay."""
    registry = Registry(port or chosen_port())
    found = [
        f"{i.repository}:{i.tag}" for i in engine.tagged() if engine.ours(i.repository, registry.namespace)
    ]
    engine.remove(found)
    LOCK_FILE.unlink(missing_ok=True)
    ACME_CA_FILE.unlink(missing_ok=True)
    if all_data:
        registry.stop()
        shutil.rmtree(registry.folder, ignore_errors=True)
        for name in ("wheels", "go"):
            shutil.rmtree(cache_dir() / name, ignore_errors=True)
    _screen.print(f"{len(found)} image tags removed" + ("; registry and downloads too" if all_data else ""))


@registry_app.command()
def start(port: Port = None) -> None:
    """Start the registry unless it runs. It keeps running after this command."""
    registry = Registry(port or chosen_port())
    _screen.print(
        f"registry on 127.0.0.1:{registry.port} {'started' if registry.start() else 'is already running'}"
    )


@registry_app.command()
def stop(port: Port = None) -> None:
    """Stop the registry. Its data stays."""
    registry = Registry(port or chosen_port())
    _screen.print(
        f"registry on 127.0.0.1:{registry.port} {'stopped' if registry.stop() else 'was not running'}"
    )


@registry_app.command()
def status(port: Port = None) -> None:
    """Say whether the registry runs. Exits with 1 if it does not."""
    registry = Registry(port or chosen_port())
    if (pid := registry.pid()) is None:
        _screen.print(f"registry on 127.0.0.1:{registry.port} does not run")
        raise typer.Exit(1)
    _screen.print(
        f"registry on 127.0.0.1:{registry.port} runs, process {pid}, data in {registry.folder}/data",
        soft_wrap=True,
    )


@contextmanager
def _progress(count: int, *, quiet: bool) -> Iterator[Say]:
    """One bar over the images and the step at hand; finished images stay on the screen as lines."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(20),
        MofNCompleteColumn(),
    )
    with Progress(*columns, TimeElapsedColumn(), console=_screen, transient=True, disable=quiet) as progress:
        task = progress.add_task("images", total=count)
        last: dict[str, str] = {}

        def say(image: str, text: str) -> None:
            if text:
                last[image] = text
                progress.update(task, description=f"{image}: {text}"[:90])
            elif not quiet:
                pushed = last.pop(image, "") == "push"
                progress.console.print(f"{image}: {'pushed' if pushed else 'built'}")
                progress.advance(task, 0 if pushed else 1)

        yield say


def _show(rows: Sequence[Sequence[str]]) -> None:
    """In columns; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        _screen.print(line, markup=False, soft_wrap=True)


def _row(recipe: object) -> dict[str, object]:
    shown = ("name", "source", "kind", "program", "lacks", "differences")
    return {key: getattr(recipe, key) for key in shown}


def _report(result: Built) -> dict[str, object]:
    return {
        "built": {name: round(seconds, 1) for name, seconds in result.built.items()},
        "pushed": result.pushed,
        "images": {name: asdict(entry) for name, entry in result.entries.items()},
    }


def main() -> None:
    """Entry point: prints errors that the user can fix as text. Exit codes: 1 a failure, 2 wrong usage, 130 interrupted."""
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        code = _wrong_use(error)
    except (typer.Abort, KeyboardInterrupt):
        code = _fail("interrupted", INTERRUPTED)
    except ImagesError as error:
        code = _fail(str(error), 1)
    sys.exit(code or 0)


def _wrong_use(error: TyperException) -> int:
    """In the words of ``python -m ops``, which this program does not import."""
    context: Any = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        # typer has printed the help.
        return WRONG_USE
    see = f"\n  see {context.command_path} --help" if context is not None else ""
    message = error.format_message().rstrip(".")
    return _fail(message[:1].lower() + message[1:] + see, WRONG_USE)


def _fail(text: str, code: int) -> int:
    _screen.print(f"error: {text}", markup=False, style="red", soft_wrap=True)
    return code
