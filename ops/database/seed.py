"""Restores a dump into the database of one instance, before core's first version can start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from layers.platform.identity import Identity, identities_of
from layers.settings.data import Postgres
from ops.database.dump import Dump, dump_at
from ops.database.server import KEEPER, Database
from ops.errors import OpsError, WrongUse
from ops.nodes.engines import engines
from ops.swarm.containers import running_on
from ops.swarm.engine import Swarm
from ops.terminal import screen
from ops.terraform.target import target_of
from ops.waiting import wait_until

READY_WITHIN_S = 300.0
"""For the migration, and for core if it is restarted after it."""

_STATE = """SELECT current_setting('server_version_num')::int / 10000, count(*) FROM pg_class c JOIN pg_namespace n
ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND nspname !~ '^pg_' AND nspname <> 'information_schema'"""


def seed(environment: str, *, instance: str | None, path: Path, replace: bool) -> None:
    """Restores a dump, as the role that owns the database, in one transaction; then waits for the migration.

    Args:
        instance: which, where the environment has several.
        replace: delete all that is in the database first, in the same transaction.

    Raises:
        WrongUse: the file is no dump, or the instance does not exist.
        OpsError: there is no database yet, it is not empty, or the restore failed; the database is then unchanged.
    """
    dump = dump_at(path)
    with screen.doing() as say:
        say(f"synthesizing {environment}")
        target = target_of(environment)
        identity = _chosen(identities_of(target.settings), instance, environment)
        with engines(target) as found:
            database = _database(found, identity, target.settings.data.postgres, environment)
            _check(database, dump, replace=replace, environment=environment)
            database.restore(dump, say)
            screen.err.print(f"{path} is restored into database {identity.database} of {environment}")
            migration, core = identity.service("migration"), identity.service("core")
            old = _restart(found, migration) if replace else frozenset()
            migrated = _wait_for(found[0], migration, say, besides=old)
            if replace and migrated:
                _wait_for(found[0], core, say, besides=_restart(found, core))
    screen.err.print(
        "the migration is done; a deploy that waits for it goes on by itself"
        if migrated
        else f"no migration is running yet: make up ENV={environment}"
    )


def _chosen(identities: list[Identity], name: str | None, environment: str) -> Identity:
    names = [identity.name for identity in identities]
    if name is None and len(names) > 1:
        raise WrongUse(
            f"{environment} has several instances", fix=f"add --instance, one of {', '.join(names)}"
        )
    if name is not None and name not in names:
        raise WrongUse(f"{environment} has no instance {name!r}", fix=f"use one of {', '.join(names)}")
    return identities[names.index(name) if name else 0]


def _database(found: list[Swarm], identity: Identity, server: Postgres, environment: str) -> Database:
    for engine in found:
        containers = running_on(engine, KEEPER, health="healthy")
        if containers:
            return Database(
                api=engine.api,
                container=containers[0],
                name=identity.database,
                environment={
                    "PGHOST": server.host or "postgres",
                    "PGPORT": str(server.port),
                    "PGSSLMODE": "require" if server.where == "managed" else "disable",
                    "PGUSER": identity.database_role,
                    "PGDATABASE": identity.database,
                    "PGCONNECT_TIMEOUT": "10",
                },
            )
    raise OpsError(
        f"{environment} has no database yet: no healthy task of {KEEPER} runs",
        fix=f"start the deploy (make up ENV={environment}); while its migration waits for the dump, run this in a second terminal",
    )


def _check(database: Database, dump: Dump, *, replace: bool, environment: str) -> None:
    version, kept = map(int, database.ask(_STATE).split())
    if dump.version > version:
        raise OpsError(
            f"{dump.path} is from Postgres {dump.version}, and {environment} has {version}: a dump goes into its own version "
            "or a later one",
            fix="dump from an older server, or move the environment to that version first",
        )
    if kept and not replace:
        raise OpsError(
            f"database {database.name} of {environment} has {kept} tables, views and sequences; nothing was changed",
            fix="to delete them first, add --replace",
        )


def _restart(found: list[Swarm], service: str) -> frozenset[str]:
    """Stops the service's tasks, so that new ones read the restored database; returns the ids of the stopped ones."""
    id_ = _id_of(found[0], service)
    ended = frozenset(task.id for task in found[0].tasks() if task.service_id == id_)
    for engine in found:
        for container in running_on(engine, service):
            engine.api.stop(container, timeout=30)
    return ended


def _id_of(swarm: Swarm, service: str) -> str | None:
    return next((known.id for known in swarm.services() if known.name == service), None)


def _wait_for(swarm: Swarm, service: str, say: Callable[[str], None], *, besides: frozenset[str]) -> bool:
    """Whether a task of the service, other than these, has become healthy; false where the service is not deployed.

    Raises:
        OpsError: it is not healthy in time; with the last lines of its log.
    """
    id_ = _id_of(swarm, service)
    if id_ is None:
        return False
    say(f"waiting for {service}")

    def healthy() -> bool:
        tasks = (task for task in swarm.tasks() if task.service_id == id_)
        return any(task.runs and task.id not in besides for task in tasks)

    if not wait_until(healthy, READY_WITHIN_S, interval_s=2):
        raise OpsError(
            f"the dump is restored, but {service} is not healthy after {READY_WITHIN_S:.0f} s:\n    "
            + "\n    ".join(swarm.log_tail(id_, 5)),
            fix=f"docker service logs {service} has the whole log; a deploy tries again",
        )
    return True
