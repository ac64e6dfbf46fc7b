"""Markers in each store, which must survive every check."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from layers.data.postgres import MANAGED_DATABASE, MANAGED_SUPERUSER, PASSFILE
from layers.platform.identity import identities_of
from layers.settings.environment import Environment
from ops.swarm.containers import Finished, Tasks
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

REDIS = 'export REDISCLI_AUTH="$(cat /run/secrets/redis-password)"; redis-cli'
OPTIONS = "-qAt -v ON_ERROR_STOP=1"
PSQL = f'PGPASSWORD="$(cat "$POSTGRES_PASSWORD_FILE")" psql -h 127.0.0.1 -U postgres -d postgres {OPTIONS}'
KEEPER = "postgres-keeper"
"""If the database is managed, this service's task has a client and the password."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """Commands that write and read a marker in a store; ``MARK`` and ``BUCKET`` are placeholders.

    Attributes:
        at: the service in whose task the commands run.
    """

    at: str
    write: str
    read: str


def _postgres(psql: str, *, at: str) -> Store:
    return Store(
        at=at,
        write=f'{psql} -c "create table if not exists rehearsal_marker (v text); delete from rehearsal_marker;'
        " insert into rehearsal_marker values ('MARK')\"",
        read=f"{psql} -c 'select v from rehearsal_marker'",
    )


def _file(service: str) -> Store:
    """Of what stands in for Dgraph, which keeps nothing itself: a file in the store's directory."""
    return Store(
        at=service,
        write="echo MARK > /dgraph/rehearsal-marker; sync",
        read="cat /dgraph/rehearsal-marker",
    )


STORES: Mapping[str, Store] = {
    "redis": Store(
        at="redis",
        # Synced to the disk, since the next check may cut the power.
        write=f"{REDIS} set rehearsal:marker MARK >/dev/null && {REDIS} save",
        read=f"{REDIS} get rehearsal:marker",
    ),
    "postgres": _postgres(PSQL, at="postgres"),
    "minio": Store(
        at="minio-keeper",
        write="echo MARK > /tmp/marker; mc --quiet cp /tmp/marker store/BUCKET/rehearsal-marker",
        read="mc --quiet cat store/BUCKET/rehearsal-marker",
    ),
}

SLOW_STORES: Mapping[str, Store] = {
    "rabbitmq": Store(
        at="rabbitmq",
        write="docker-entrypoint.sh rabbitmqctl -q set_policy rehearsal-marker '^MARK$' '{\"max-length\": 1}'; sync",
        read="docker-entrypoint.sh rabbitmqctl -q list_policies",
    ),
}
"""Those whose tool takes seconds to start: for checks that ask for them. RabbitMQ keeps a policy, for queues of the marker's name, where
its queues and users are."""


def psql_of_keeper(settings: Environment, *, tls: str = "require") -> str:
    """The client in the keeper's task, connected to the managed database; ``tls`` is libpq's sslmode."""
    postgres = settings.data.postgres
    at = f"-h {postgres.host} -p {postgres.port} -U {MANAGED_SUPERUSER} -d {MANAGED_DATABASE}"
    return f"PGPASSFILE={PASSFILE} PGCONNECT_TIMEOUT=10 PGSSLMODE={tls} psql {at} {OPTIONS}"


def stores_of(settings: Environment) -> Mapping[str, Store]:
    """The stores of an environment."""
    rated = [each for each in identities_of(settings) if settings.platform.instances[each.name].elo]
    found = {
        **STORES,
        **SLOW_STORES,
        **{each.store("dgraph-alpha"): _file(each.service("dgraph-alpha")) for each in rated},
    }
    if settings.data.postgres.where == "swarm":
        return found
    return {**found, "postgres": _postgres(psql_of_keeper(settings), at=KEEPER)}


def write(world: World) -> None:
    """Writes a new marker to every store but the slow ones.

    Raises:
        CheckFailed: one could not be written.
    """
    with world.tasks() as tasks:
        for name, store in stores_of(world.services.settings).items():
            if name not in SLOW_STORES:
                _write(world, tasks, name, store)


@contextmanager
def slow(world: World, stores: Iterable[str]) -> Iterator[None]:
    """Has markers in those of the stores that are slow to ask, too, for as long as the block runs."""
    names = [name for name in stores if name in SLOW_STORES]
    if names:
        with world.tasks() as tasks:
            for name in names:
                _write(world, tasks, name, SLOW_STORES[name])
    try:
        yield
    finally:
        for name in names:
            world.marks.pop(name, None)


def read(world: World) -> None:
    """Checks that every marker that was written is still there.

    Raises:
        CheckFailed: names the stores that lost it.
    """
    lost = []
    stores = stores_of(world.services.settings)
    with world.tasks() as tasks:
        for name, mark in world.marks.items():
            found = _run(world, tasks, name, stores[name], stores[name].read, expects=mark)
            if mark not in found:
                lost.append(f"{name} has lost its data (found {found.strip()[:60]!r})")
    if lost:
        raise CheckFailed("; ".join(lost))


def _write(world: World, tasks: Tasks, name: str, store: Store) -> None:
    mark = f"mark-{secrets.token_hex(6)}"
    _run(world, tasks, name, store, store.write.replace("MARK", mark))
    world.marks[name] = mark


def _run(world: World, tasks: Tasks, name: str, store: Store, script: str, *, expects: str = "") -> str:
    """Runs a script in the store's task until it succeeds, and returns its output.

    Args:
        expects: text in the output. An engine loses the output of a short command now and then, so one output without
            it says nothing; the last one, after 30 s, does.
    """
    bucket = identities_of(world.services.settings)[0].replays_bucket
    done: list[Finished] = []

    def tried() -> bool:
        container = tasks.container(store.at)
        if container is None:
            return False
        done[:] = [tasks.run(container, "/bin/sh", "-euc", script.replace("BUCKET", bucket))]
        return done[0].code == 0 and expects in done[0].output

    try:
        # A server that has just started may still refuse.
        world.until(30, tried, f"{name} answers")
    except CheckFailed as error:
        if done and done[0].code == 0:
            return done[0].output
        raise CheckFailed(f"{error} ({' '.join(each.output for each in done).strip()[:200]})") from None
    return done[0].output
