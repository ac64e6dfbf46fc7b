"""The command line: serve, log, fault, orphans, reset."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.markup import escape

from .emulator import ENDPOINT_FILE, Emulator
from .errors import EmulatorError
from .faults import FORM, Fault, Faults
from .log import line
from .orphans import existing
from .orphans import orphans as find_orphans
from .settings import Seconds, Settings
from .store import Store

app = typer.Typer(add_completion=False, no_args_is_help=True, help="An emulator of DigitalOcean's API.")

State = Annotated[Path, typer.Option("--state", help="Folder of the emulator's state.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

RESET_SECONDS = 60
FOLLOW_SECONDS = 0.5


@contextmanager
def _errors_as_text() -> Iterator[None]:
    """Turns wrong use into one message and exit code 2."""
    try:
        yield
    except EmulatorError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


@contextmanager
def _stored_state(folder: Path) -> Iterator[Store]:
    """The state of an emulator, running or not."""
    if not (folder / "state.sqlite").exists():
        raise EmulatorError(
            f"{folder} is not an emulator's state folder; `serve --state {folder}` creates one"
        )
    store = Store(folder)
    try:
        yield store
    finally:
        store.close()


@app.command()
def serve(
    state: State,
    port: Annotated[int, typer.Option(help="Port on loopback; 0 for any free one.")] = 0,
    fault: Annotated[
        list[str] | None, typer.Option(help="METHOD PATH KIND \\[xTIMES]; see `fault --help`.")
    ] = None,
    seconds: Annotated[
        list[str] | None, typer.Option(help="How long an operation takes, such as create=2.")
    ] = None,
    per_hour: Annotated[int, typer.Option(help="Requests that a token may make per hour.")] = 5000,
    per_minute: Annotated[int, typer.Option(help="Requests that a token may make per minute.")] = 250,
) -> None:
    """Answer as api.digitalocean.com until stopped. The state is kept for the next start."""
    with _errors_as_text():
        settings = Settings(
            Seconds.of(seconds or []), requests_per_hour=per_hour, requests_per_minute=per_minute
        )
        asked = [Fault.parse(one) for one in fault or []]
        emulator = Emulator(state, port=port, settings=settings)
        for one in asked:
            emulator.faults.add(one)
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        with emulator:
            typer.echo(
                f"DigitalOcean's API, emulated: {emulator.url}, state in {state}; droplets have no machines"
            )
            stop.wait()


@app.command()
def log(
    state: State,
    after: Annotated[int, typer.Option(help="Only entries after this number.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show requests and responses, without secrets."""
    with _errors_as_text(), _stored_state(state) as store:
        while True:
            for entry in store.notes(after):
                after = entry["number"]
                typer.echo(json.dumps(entry) if as_json else line(entry))
            if not follow:
                return
            time.sleep(FOLLOW_SECONDS)


@app.command(
    help=f"Set a fault, list the faults that are set (no argument), or clear them.\n\n\b\n{escape(FORM)}"
)
def fault(
    state: State,
    text: Annotated[str, typer.Argument(help="METHOD PATH KIND \\[xTIMES]")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="Clear all faults first.")] = False,
) -> None:
    with _errors_as_text(), _stored_state(state) as store:
        faults = Faults(store)
        if clear:
            faults.clear()
        if text:
            faults.add(Fault.parse(text))
        for one in faults.all():
            typer.echo(one.text())


@app.command()
def orphans(
    state: State,
    terraform: Annotated[
        list[Path] | None,
        typer.Argument(help="Terraform states: state files, or output of terraform show -json."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List what is in none of the Terraform states; everything, if none is given. Exits with 1 if there is any."""
    with _errors_as_text(), _stored_state(state) as store:
        found = find_orphans(store, terraform) if terraform else existing(store)
        if as_json:
            typer.echo(json.dumps([vars(one) for one in found]))
        else:
            for one in found:
                typer.echo(f"{one.type}  {one.id}  {one.name}")
        raise typer.Exit(1 if found else 0)


@app.command()
def reset(state: State) -> None:
    """Remove all resources and the log, also from a running emulator."""
    with _errors_as_text():
        endpoint = state / ENDPOINT_FILE
        if endpoint.exists() and _reset_running(endpoint.read_text()):
            return
        with _stored_state(state) as store:
            store.clear()


def _reset_running(url: str) -> bool:
    """Resets through the emulator, so that its machines are removed, too. False if none answers: it was killed."""
    try:
        return httpx.post(f"{url}/_emulator/reset", timeout=RESET_SECONDS, trust_env=False).is_success
    except httpx.TransportError:
        return False
