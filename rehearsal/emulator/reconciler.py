"""Tells the machines what should hold now (firewall rules, DNS zones, keys of Spaces, databases) after each change."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from .clock import now
from .resources import database_members, firewalls, records, spaces_keys
from .world import World

JOIN_SECONDS = 5.0


class Reconciler:
    """Level-triggered: compares what should hold with what was last told, so that nothing is lost on the way.

    After a restart everything is told once more.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._changed = threading.Event()
        self._stopped = threading.Event()
        self._told: dict[tuple[str, str], Any] = {}
        self._busy = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def start(self) -> None:
        self._changed.set()
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)

    def changed(self) -> None:
        """Something may have changed."""
        self._changed.set()

    def settle(self) -> None:
        """Tell now what is to be told."""
        with self._busy:
            with self._world.store.transaction():
                wanted = self._wanted()
            for key, (value, tell) in wanted.items():
                if self._told.get(key, ...) != value:
                    self._tell(key, value, tell)
            for key in set(self._told) - set(wanted):
                del self._told[key]
                if key[0] == "zone":
                    self._world.machines.zone(key[1], None)

    def _tell(self, key: tuple[str, str], value: Any, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception:  # said in the log and tried again at the next change
            problem = traceback.format_exc()
            self._world.store.note({"at": now(), "action": " ".join(key), "type": key[0], "problem": problem})
            self._told.pop(key, None)
        else:
            self._told[key] = value

    def _wanted(self) -> dict[tuple[str, str], tuple[Any, Callable[[], None]]]:
        """By what it is for: what should hold, and how to say so."""
        world, machines = self._world, self._world.machines
        found: dict[tuple[str, str], tuple[Any, Callable[[], None]]] = {}
        for droplet in world.store.all("droplet"):
            if droplet["status"] != "new":  # its machine is not there yet
                number, rules = droplet["id"], firewalls.rules_for(world, droplet)
                found["firewall", str(number)] = rules, partial(machines.firewall, number, rules)
        for domain in world.store.all("domain"):
            zone = records.zone(world, domain["name"])
            found["zone", domain["name"]] = zone, partial(machines.zone, domain["name"], zone)
        keys = spaces_keys.keys(world)
        found["spaces keys", ""] = keys, partial(machines.spaces_keys, keys)
        for cluster in world.store.all("database"):
            if cluster["status"] != "creating":
                users = {one["name"]: one["password"] for one in cluster["_users"]}
                members = (users, tuple(cluster["_dbs"]))
                found["database", cluster["id"]] = (
                    members,
                    partial(machines.database_members, cluster["id"], *members),
                )
                sources = database_members.sources(world, cluster)
                tell = partial(machines.database_sources, cluster["id"], sources)
                found["database sources", cluster["id"]] = sources, tell
        return found

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._changed.wait()
            self._changed.clear()
            if not self._stopped.is_set():
                self.settle()
