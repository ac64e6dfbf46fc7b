"""Runs actions after the response, each in its own thread, until it is completed or errored."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from ops.waiting import wait_until

from .clock import now
from .machines import MachineError

if TYPE_CHECKING:
    from .store import Document
    from .world import World

Performer = Callable[["World", "Document"], None]
JOIN_SECONDS = 5.0

# By what the action acts on, and its type. A performer runs outside a transaction: it calls the machines, then
# writes what has changed in one transaction, and is safe to run twice.
PERFORMERS: dict[tuple[str, str], Performer] = {}


def performs(resource_type: str, *types: str) -> Callable[[Performer], Performer]:
    """Declares what an action of these types does."""

    def declare(performer: Performer) -> Performer:
        for type in types:
            PERFORMERS[resource_type, type] = performer
        return performer

    return declare


class Work:
    """The threads of actions in progress."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads: dict[int, threading.Thread] = {}

    def start(self, world: World, action: int) -> None:
        """Begin or, after a restart, resume. May be called inside the transaction that makes the action."""
        with self._lock:
            if action in self._threads or self._stopped.is_set():
                return
            thread = threading.Thread(
                target=self._run, args=(world, action), name=f"action {action}", daemon=True
            )
            self._threads[action] = thread
        thread.start()

    def resume(self, world: World) -> None:
        for action in world.store.all("action"):
            if action["status"] == "in-progress":
                self.start(world, action["id"])

    def idle(self, seconds: float = 30.0) -> bool:
        """Waits until no running action is left that ends by itself; returns whether that happened in time."""
        return wait_until(lambda: not self._threads, seconds, interval_s=0.01)

    def stop(self) -> None:
        """Actions that have not begun stay in progress, for the next start."""
        self._stopped.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(JOIN_SECONDS)

    def _run(self, world: World, id: int) -> None:
        try:
            action = world.store.get("action", id)
            # None: the transaction that made it was rolled back. No due time: a fault has it never end.
            if action is None or action["_due"] is None or action["status"] != "in-progress":
                return
            if self._stopped.wait(max(0.0, action["_due"] - time.time())):
                return
            self._perform(world, id)
        finally:
            with self._lock:
                self._threads.pop(id, None)

    @staticmethod
    def _perform(world: World, id: int) -> None:
        action = world.store.get("action", id)
        if action is None or action["status"] != "in-progress":
            return  # cancelled meanwhile: its droplet was deleted
        problem = action["_fault"]
        if not problem:
            try:
                PERFORMERS[action["resource_type"], action["type"]](world, action)
            except MachineError as error:
                problem = str(error)
            except Exception:  # ends as an errored action, with the reason in the log, not as a silent thread
                problem = traceback.format_exc()
        with world.store.transaction():
            if problem:
                world.store.note({"at": now(), "action": id, "type": action["type"], "problem": problem})
            action = world.store.get("action", id)
            if action is not None:  # not reset meanwhile
                status = "errored" if problem else "completed"
                world.store.put("action", id, {**action, "status": status, "completed_at": now()})
        world.changed()
