"""The backup jobs of an environment, as its services are declared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sprocket_constructs import seconds
from sprocket_constructs.backup import (
    EVERY_LABEL,
    SERVER_LABEL,
    SKIPS_LABEL,
    SPOOL,
    STOPS_LABEL,
    STORE_LABEL,
    Stops,
)

from ops.errors import OpsError, WrongUse
from ops.model.service import Service

PLATFORM = "platform"
"""The layer whose services use a server that runs outside the swarm."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What copies one store, and what it takes to read a copy back.

    Args:
        service: that copies it.
        sender: service that sends its copies, and fetches them.
        server: service whose data it is; empty where that runs outside the swarm.
        every_s: seconds between two copies.
        stops_server: whether the server must not run while a copy is read back.
        clients: services that must not run meanwhile: all that connect to the server.
        skips: why it copies nothing; empty where it copies.
    """

    store: str
    service: str
    sender: str
    server: str
    every_s: int
    stops_server: bool
    clients: tuple[str, ...]
    skips: str = ""

    @property
    def spool(self) -> str:
        """The store's spool in the sender's container."""
        return f"{SPOOL}/{self.store}"


def jobs_of(services: Iterable[Service]) -> list[Job]:
    """All backup jobs, by the store's name."""
    known = list(services)
    found = [_job(service, known) for service in known if STORE_LABEL in service.labels]
    return sorted(found, key=lambda job: job.store)


def _job(service: Service, services: Sequence[Service]) -> Job:
    store = service.labels[STORE_LABEL]
    server = service.labels.get(SERVER_LABEL, "")
    return Job(
        store=store,
        service=service.name,
        sender=next(
            (
                other.name
                for other in services
                if any(mount.target == f"{SPOOL}/{store}" for mount in other.mounts)
            ),
            "",
        ),
        server=server,
        every_s=seconds(service.labels[EVERY_LABEL]),
        stops_server=service.labels.get(STOPS_LABEL) == Stops.SERVER.value,
        clients=tuple(
            sorted(
                other.name
                for other in services
                if STORE_LABEL not in other.labels
                and (server in other.servers if server else other.layer == PLATFORM)
            )
        ),
        skips=service.labels.get(SKIPS_LABEL, ""),
    )


def chosen(jobs: Sequence[Job], stores: Sequence[str], environment: str) -> list[Job]:
    """The jobs of these stores; all where none is named.

    Raises:
        OpsError: the environment has no backups.
        WrongUse: it has no such store.
    """
    if not jobs:
        raise OpsError(
            f"{environment} has no store with a backup", fix="docs/runbooks/backup-and-restore.md says why"
        )
    by_name = {job.store: job for job in jobs}
    for store in stores:
        if store not in by_name:
            raise WrongUse(
                f"{environment} has no backups of a store {store!r}", fix=f"use one of {', '.join(by_name)}"
            )
    return [by_name[store] for store in dict.fromkeys(stores)] if stores else list(jobs)


def restorable(jobs: Sequence[Job], stores: Sequence[str], environment: str) -> list[Job]:
    """The same, without those that copy nothing.

    Raises:
        OpsError: one that was named copies nothing, or all do.
    """
    found = chosen(jobs, stores, environment)
    skipped = [job for job in found if job.skips]
    if skipped and (stores or len(skipped) == len(found)):
        raise OpsError(
            "nothing can be restored: " + "; ".join(job.skips for job in skipped),
            fix="images/README.md says how the program itself gets into the image",
        )
    return [job for job in found if not job.skips]
