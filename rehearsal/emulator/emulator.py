"""The emulator: its state in one folder, its API on one port."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from . import admin
from .answer import Answer
from .api import Api
from .errors import EmulatorError
from .faults import Faults
from .machines import Machines
from .orphans import Orphan, existing, orphans
from .reconciler import Reconciler
from .server import Server
from .settings import Settings
from .store import Document, Store
from .work import Work
from .world import World

ENDPOINT_FILE = "endpoint"  # in the folder, while an emulator runs: its URL


class Emulator:
    """Use as a context manager, or `start` and `stop`. What exists stays in the folder and is there at the next start."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,  # 0: any free one
        host: str = "127.0.0.1",
        settings: Settings | None = None,
        machines: Machines | None = None,
    ) -> None:
        self._folder = folder
        self._store = Store(folder)
        self._lock = _only_one(folder, self._store)
        self.faults = Faults(self._store)
        self.machines = machines or Machines()
        self.world = World(self._store, settings or Settings(), self.machines, self.faults, Work())
        self._reconciler = Reconciler(self.world)
        self.world.changed = self._reconciler.changed
        self._api = Api(self.world)
        try:
            self._server = Server(host, port, self._handle)
        except OSError as error:
            self._close()
            raise EmulatorError(
                f"port {port} on {host} cannot be used: {error.strerror}; choose another"
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="server", daemon=True
        )

    @property
    def url(self) -> str:
        """What `api_endpoint` of the provider must be."""
        return f"http://{self._server.server_address[0]!s}:{self._server.server_address[1]}"

    def start(self) -> None:
        self._reconciler.start()
        self.world.work.resume(self.world)
        self._thread.start()
        (self._folder / ENDPOINT_FILE).write_text(self.url)

    def stop(self) -> None:
        """Actions under way are waited for shortly; the others go on at the next start."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self.world.work.stop()
        self._reconciler.stop()
        (self._folder / ENDPOINT_FILE).unlink(missing_ok=True)
        self._close()

    def idle(self, seconds: float = 30.0) -> bool:
        """Wait until no action is under way, and tell the machines what has changed; whether that came in time."""
        done = self.world.work.idle(seconds)
        self._reconciler.settle()
        return done

    def log(self, after: int = 0) -> list[Document]:
        return self._store.notes(after)

    def resources(self) -> list[Orphan]:
        """Everything that exists."""
        return existing(self._store)

    def orphans(self, *states: Path) -> list[Orphan]:
        """What exists and is in none of these Terraform states."""
        return orphans(self._store, list(states))

    def reset(self) -> None:
        """Remove everything, the machines behind it included."""
        droplets, volumes = self._store.all("droplet"), self._store.all("volume")
        clusters = self._store.all("database")
        self._store.clear()
        for droplet in droplets:
            self.machines.delete(droplet["id"])
        for volume in volumes:
            self.machines.delete_volume(volume["id"])
        for cluster in clusters:
            self.machines.delete_database(cluster["id"])
        self._reconciler.changed()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    def _handle(self, method: str, target: str, token: str, body: bytes, base: str) -> Answer:
        if target.startswith(admin.PREFIX):
            return admin.answer(self, method, target, body)
        return self._api.answer(method, target, token, body, base)

    def _close(self) -> None:
        self._store.close()
        self._lock.close()


def _only_one(folder: Path, store: Store) -> IO[str]:
    """Two emulators on one state would each do every action."""
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        store.close()
        raise EmulatorError(
            f"{folder}: an emulator already runs on this state; stop it, or choose another"
        ) from None
    return lock
