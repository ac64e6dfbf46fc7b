"""Watches the dependencies of a role: uses each again and again, and knows which works."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .connections import consuming, reason, target, use
from .log import log

EVERY_S = 5.0
FIRST_S = 1.0
"""Between tries until the first that works."""


@dataclass
class State:
    """One dependency: where it is, and why it does not work; empty when it does."""

    target: str
    error: str = "not tried yet"
    has_worked: bool = False

    @property
    def ok(self) -> bool:
        return not self.error


class Dependencies:
    """All of a role's, each watched by a thread of its own.

    Args:
        told: what each is told, references put in; ``kind`` among it.
    """

    def __init__(self, told: Mapping[str, Mapping[str, str]]) -> None:
        self._told = told
        self.states = {name: State(target(each["kind"], each)) for name, each in told.items()}

    @property
    def work(self) -> bool:
        """Whether all do."""
        return all(state.ok for state in self.states.values())

    @property
    def have_worked(self) -> bool:
        """Whether each has worked since the start."""
        return all(state.has_worked for state in self.states.values())

    def report(self) -> dict[str, dict[str, object]]:
        """For the health page, which ``ops smoke`` reads."""
        return {
            name: {"target": state.target, "ok": state.ok, "error": state.error}
            for name, state in self.states.items()
        }

    def try_once(self) -> Iterator[tuple[str, str]]:
        """Use each once; gives name and reason of those that fail."""
        for name, told in self._told.items():
            if error := use(told["kind"], told):
                yield name, f"{self.states[name].target}: {error}"

    def watch(self) -> None:
        """Start watching; ends with the process."""
        for name, told in self._told.items():
            follow = self._follow_queue if told["kind"] == "amqp" else self._follow
            threading.Thread(target=follow, args=(name, told), daemon=True).start()

    def _follow(self, name: str, told: Mapping[str, str]) -> None:
        pause = threading.Event()
        while True:
            self._set(name, use(told["kind"], told))
            pause.wait(EVERY_S if self.states[name].ok else FIRST_S)

    def _follow_queue(self, name: str, told: Mapping[str, str]) -> None:
        """Stays connected: a health check looks for the connection, and the queue must have its consumer."""
        pause = threading.Event()
        while True:
            try:
                with consuming(told) as keep:
                    self._set(name, "")
                    while True:
                        keep()
            except Exception as error:  # the driver's and the socket's
                self._set(name, reason(error, told))
            pause.wait(FIRST_S)

    def _set(self, name: str, error: str) -> None:
        state = self.states[name]
        if error != state.error:
            log("error" if error else "info", f"{name} ({state.target}): {error or 'works'}")
        state.error = error
        state.has_worked = state.has_worked or state.ok
