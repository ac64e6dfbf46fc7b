"""Who reaches the managed database, and how."""

from __future__ import annotations

from ops.swarm.containers import Finished
from rehearsal.suite import markers
from rehearsal.suite.check import Check
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

ROOM = (
    "select sum(numbackends) || ' of ' || current_setting('max_connections')::int"
    " - current_setting('superuser_reserved_connections')::int from pg_stat_database"
)
"""Not from pg_stat_activity: there doadmin, who is no superuser, sees only its own connections and those of roles that it is a member of."""


def database(world: World) -> str:
    """Checks that a task reaches it with TLS and not without, and that it cannot be reached from outside; counts connections.

    Who is let in by rules is not seen from here: tests/live/test_managed_database.py asks a server as a stranger.
    """
    postgres = world.services.settings.data.postgres
    address = world.box.resolve(str(postgres.host))
    if address is None:
        raise CheckFailed(f"{postgres.host} has no address")
    used = _ask(world, "require", ROOM)
    if used.code:
        raise CheckFailed(f"the keeper does not reach it: {used.output.strip()[:200]}")
    plain = _ask(world, "disable", "select 1")
    if plain.code == 0 or "no encryption" not in plain.output:
        raise CheckFailed(f"without TLS: {plain.output.strip()[:200]}, instead of a refusal")
    state = world.box.probe(address, (postgres.port,))[postgres.port]
    if state == "open":
        raise CheckFailed(f"port {postgres.port} is open from outside")
    return f"with TLS only, unreachable from outside ({state}), {used.output.strip()} connections in use"


def _ask(world: World, tls: str, sql: str) -> Finished:
    psql = markers.psql_of_keeper(world.services.settings, tls=tls)
    with world.tasks() as tasks:
        container = tasks.container(markers.KEEPER)
        if container is None:
            raise CheckFailed(f"{markers.KEEPER} does not run")
        return tasks.run(container, "/bin/sh", "-euc", f'{psql} -c "{sql}"')


DATABASE = Check(
    name="database",
    what="the managed database answers nodes only, and only with TLS",
    run=database,
    applies=lambda world: (
        "" if world.services.settings.data.postgres.where == "managed" else "the database is in the swarm"
    ),
)
