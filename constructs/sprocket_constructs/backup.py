"""The service that copies a store, and reads a copy back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from ._cdktf import Construct
from ._mounts import DataMount
from .errors import ConstructError
from .file import SwarmConfig
from .health import HealthCheck
from .image import Image
from .placement import NodeSelector
from .resources import Resources
from .service import SwarmService
from .stop import Stop
from .units import duration, seconds
from .update import UpdatePolicy
from .volume import Backup, Storage

SCRIPT = "/etc/sprocket/backup.sh"
SPOOL = "/spool"
"""Where copies are on their way to the bucket, and back."""

STORE_LABEL = "backup.store"
SERVER_LABEL = "backup.server"
EVERY_LABEL = "backup.every"
STOPS_LABEL = "backup.stops"
SKIPS_LABEL = "backup.skips"


class Stops(Enum):
    """What must not run while a copy is read back."""

    CLIENTS = "clients"
    """Services that write to the store; the server itself reads the copy."""
    SERVER = "server"
    """The server too: its files are replaced below it."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How many of the last copies stay: one per day, week and month, counted back from the newest."""

    daily: int = 7
    weekly: int = 5
    monthly: int = 12

    def __post_init__(self) -> None:
        if min(self.daily, self.weekly, self.monthly) < 0 or not self.daily:
            raise ValueError(
                f"retention of {self.daily} daily, {self.weekly} weekly and {self.monthly} monthly copies is not possible; "
                "keep at least 1 daily copy, and 0 or more of the others"
            )


class BackupJob(SwarmService, Backup):
    """Runs beside a store, with the store's own image: its tools always fit the server.

    Copies go to a spool on the same node, from where another service, which knows the bucket and no store, sends them.
    So this one needs no way out and no key but the store's own.

    Args:
        store: the store's name, such as ``redis``; the service is called ``<store>-backup``.
        script: POSIX shell text; run without arguments it makes copies when they are due and does what is asked for
            in the spool.
        held_by: the node that has the store's data, and so the spool.
        server: the service whose data it is; ``None`` where that runs outside the swarm.
        stops: what must not run while a copy is read back.
        every: time between two copies; default a day.
        user: ``uid`` or ``uid:gid`` that the tools run as; default the image's own.
        skips: why there is nothing to copy; its script then does nothing, and whoever asks for a copy is told so.

    Raises:
        ConstructError: copies would be made more often than every 15 minutes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        store: str,
        image: Image,
        script: Callable[[], str],
        resources: Resources,
        held_by: NodeSelector,
        server: SwarmService | None,
        stops: Stops = Stops.CLIENTS,
        every: str = "24h",
        user: str | None = None,
        listens: Mapping[str, int] | None = None,
        skips: str = "",
    ) -> None:
        super().__init__(
            scope,
            id_,
            name=f"{store}-backup",
            image=image,
            command=("/bin/sh", SCRIPT),
            listens=listens,
            health=HealthCheck.shell(f"test -f /tmp/started && test -w {SPOOL}").every(
                "10s", timeout="5s", retries=3, start_period="2m"
            ),
            resources=resources,
            update=UpdatePolicy.stop_first(),
            stop=Stop(grace="20s"),
            user=user,
        )
        if seconds(every) < 15 * 60:
            raise ConstructError(
                self,
                f"copies {store} every {every}",
                fix="use 15m or more: each copy reads the whole store",
            )
        self.store = store
        self.skips = skips
        self.every = duration(every)
        self.held_by = held_by
        self.runs_on(held_by)
        self.reads(SwarmConfig(self, "script", name=f"{store}-backup-script", content=script), at=SCRIPT)
        self.label(STORE_LABEL, store)
        self.label(EVERY_LABEL, self.every)
        self.label(STOPS_LABEL, stops.value)
        if skips:
            self.label(SKIPS_LABEL, skips)
        if server is not None:
            self.label(SERVER_LABEL, server.name)
            if stops is Stops.CLIENTS:
                self.connect_to(server)

    @property
    def every_seconds(self) -> int:
        """Seconds between two copies."""
        return seconds(self.every)

    @property
    def in_words(self) -> str:
        """Who copies it, and how often."""
        return f"not copied: {self.skips}" if self.skips else f"{self.name}, every {self.every}"

    def copies_from(self, storage: Storage, *, at: str) -> None:
        """Mounts the store's own data, for programs that cannot hand it out themselves."""
        self._mounts.add_data(
            DataMount(
                type=storage.mount_type,
                source=storage.source,
                target=at,
                because=f"copies the files of {self.store}, and reads them back",
            )
        )
