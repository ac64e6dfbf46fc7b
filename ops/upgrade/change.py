"""Which change of version a store is to have, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from layers.data.upgrades import (
    OTHERS,
    PROGRAMS,
    RUNBOOK,
    DataVersion,
    Kind,
    Program,
    Step,
    Way,
    step_between,
)
from ops.backup.jobs import Job
from ops.backup.world import World
from ops.check.acknowledgement import upgrades_of
from ops.check.store_upgrade import StoreUpgrade
from ops.deploy import store_steps
from ops.errors import OpsError, WrongUse
from ops.model.inventory import from_state
from ops.model.service import Service
from ops.model.store_versions import RECORD, versions_of_stores

COMMAND = "python -m ops upgrade-store"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A store whose declared version is not the one that has its data.

    Args:
        step: what has to be acknowledged; nothing where the data takes the change by itself.
        entry: the acknowledgement.
    """

    store: str
    server: Service
    job: Job
    before: DataVersion
    after: DataVersion
    step: Step | None
    entry: StoreUpgrade | None = None

    @property
    def program(self) -> Program:
        """What is known of the program."""
        return PROGRAMS.get(self.after.program, OTHERS)

    @property
    def is_back(self) -> bool:
        """Whether it is the way back to an older version."""
        return self.step is not None and self.step.kind is Kind.DOWNGRADE

    @property
    def way(self) -> Way:
        """How the data gets there."""
        return self.program.way if self.step is not None else Way.IN_PLACE

    @property
    def major(self) -> str:
        """The series gone to: what the directory of a version is called."""
        return self.after.name

    def __str__(self) -> str:
        return f"{self.before} -> {self.after.version}"


def changes_of(world: World, state: Mapping[str, Any]) -> list[Change]:
    """All stores with a backup job whose version changes, by name.

    Args:
        state: what Terraform's state says (``terraform show -json``).
    """
    wanted = world.target.wanted
    paths = {resource.address: resource.path for resource in wanted.resources.values()}
    before = from_state(state, paths)
    taken = {
        versions.store: (step, entry)
        for versions, step, entry in store_steps.found(world.name, before, wanted)
    }
    servers = {service.name: service for service in world.services}
    jobs = {job.server: job for job in world.jobs}
    return [
        Change(
            store=jobs[versions.store].store,
            server=servers[versions.store],
            job=jobs[versions.store],
            before=versions.before,
            after=versions.after,
            step=taken.get(versions.store, (None, None))[0],
            entry=taken.get(versions.store, (None, None))[1],
        )
        for versions in versions_of_stores(before, wanted)
        if versions.store in jobs and versions.before != versions.after
    ]


def change_of(world: World, state: Mapping[str, Any], store: str) -> Change | None:
    """The change of one store; nothing where its version is the declared one already.

    Raises:
        WrongUse: the environment has no such store with a backup.
    """
    server = server_of(world, store).name
    return next((change for change in changes_of(world, state) if change.server.name == server), None)


def unfinished(world: World, store: str, from_: str) -> Change:
    """The change of a server that does not have its data, although the state has its version already.

    Args:
        from_: the series that has the data.
    """
    server = server_of(world, store)
    after = declared(world, server)
    before = DataVersion(program=after.program, version=from_)
    return Change(
        store=store,
        server=server,
        job=job_of(world, store),
        before=before,
        after=after,
        step=step_between(before, after),
        entry=next((each for each in upgrades_of(world.name) if each.store == server.name), None),
    )


def job_of(world: World, store: str) -> Job:
    """The backup job of a store whose server is in the swarm.

    Raises:
        WrongUse: there is none.
    """
    jobs = {job.store: job for job in world.jobs if job.server}
    if store not in jobs:
        raise WrongUse(
            f"{world.name} has no store {store!r} whose server is in the swarm and is backed up",
            fix=f"use one of {', '.join(jobs)}; {RUNBOOK} says what is done by hand",
        )
    return jobs[store]


def server_of(world: World, store: str) -> Service:
    """The server of a store, as it is declared.

    Raises:
        WrongUse: there is none.
    """
    name = job_of(world, store).server
    return next(service for service in world.services if service.name == name)


def declared(world: World, server: Service) -> DataVersion:
    """Program and version that a store is declared with."""
    said = world.target.wanted.resources[record_of(world, server)].values["input"]
    return DataVersion(program=str(said["program"]), version=str(said["version"]))


def program_of(world: World, server: Service) -> Program:
    """What is known of a store's program."""
    return PROGRAMS.get(declared(world, server).program, OTHERS)


def record_of(world: World, server: Service) -> str:
    """Address of what keeps the version of a store's data in the state."""
    for record in world.target.wanted.of_type(RECORD):
        if record.path.rpartition("/")[0] == server.path:
            return record.address
    raise OpsError(f"store {server.name}: main.py wrote no {RECORD} with the version of its data")
