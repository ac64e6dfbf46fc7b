"""Shows an apply while it runs: how many services are done, and which are starting."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ops.terraform.runner import Event

_DONE = {"create": "up", "update": "updated", "delete": "removed"}


class ApplyProgress:
    """Takes Terraform's events. Shows a bar at a terminal, a line for each service elsewhere.

    Args:
        services: name by address, of all services that change.
        total: all resources that change.
        what: what they are called.
    """

    def __init__(
        self, services: Mapping[str, str], total: int, console: Console, *, what: str = "services"
    ) -> None:
        self._services = services
        self._console = console
        self._busy: dict[str, float] = {}
        self._done = 0
        self._bar = Progress(
            TextColumn(what),
            BarColumn(24),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=len(services))
        self._total = total
        self.finished: list[str] = []
        """Services that are done, in the order they were."""

    def __enter__(self) -> ApplyProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, event: Event, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes one event in."""
        hook = event.get("hook") or {}
        address = hook.get("resource", {}).get("addr", "")
        kind = event.get("type")
        if kind == "apply_start":
            self._busy[address] = clock()
        elif kind in ("apply_complete", "apply_errored"):
            started = self._busy.pop(address, clock())
            self._done += 1
            if address in self._services:
                self._report(
                    self._services[address],
                    hook.get("action", ""),
                    clock() - started,
                    kind == "apply_errored",
                )
        self._bar.update(self._task, description=self._description())

    def _report(self, service: str, action: str, seconds: float, failed: bool) -> None:
        word = "failed" if failed else _DONE.get(action, "done")
        self._console.print(Text(f"  {service}: {word} ({seconds:.0f} s)", style="red" if failed else ""))
        if not failed:
            self.finished.append(service)
            self._bar.advance(self._task)

    def _description(self) -> str:
        busy = sorted(self._services[address] for address in self._busy if address in self._services)
        shown = ", ".join(busy[:4]) + (f" and {len(busy) - 4} more" if len(busy) > 4 else "")
        return f"{shown or 'networks, configs and secrets'} ({self._done}/{self._total} resources)"
