"""What the cloud's settings must have in common with the rest of an environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import Problem, SettingsError
from .host import is_below

if TYPE_CHECKING:
    from .cloud import Cloud
    from .environment import Environment


SMALLEST_FOR_RABBITMQ = 4
"""GiB. Its ``disk_free_limit`` is 2 GB: on a smaller volume it would block every publisher from the first minute on."""


def check_cloud(environment: Environment) -> None:
    """Refuses what could be ordered but would not carry the services.

    Raises:
        SettingsError: all settings that contradict each other, and what to do.
    """
    if environment.cloud is None:
        problems = list(_without_cloud(environment))
    else:
        rules = (_state, _sizes, _managers, _stores, _room, _storage, _ingress, _names, _database, _engine)
        problems = [problem for rule in rules for problem in rule(environment, environment.cloud)]
    if problems:
        raise SettingsError(*problems)


def _without_cloud(environment: Environment) -> Iterator[Problem]:
    for name, pool in environment.nodes.items():
        if pool.size is not None:
            yield Problem(
                setting=f"nodes/{name}/size",
                problem=f"is {pool.size}, but without cloud no droplets are ordered",
                fix="add cloud or remove size",
            )


def _state(environment: Environment, cloud: Cloud) -> Iterator[Problem]:
    if environment.state.backend == "local" and not environment.is_simulated:
        yield Problem(
            setting="state/backend",
            problem="is local, and what cloud orders is real: the state, which has secrets in it, would be in a file of one "
            "machine, without a lock and without a backup",
            fix="use spaces, with bucket and endpoint",
        )


def _sizes(environment: Environment, cloud: Cloud) -> Iterator[Problem]:
    for name, pool in environment.nodes.items():
        if pool.size is None:
            yield Problem(
                setting=f"nodes/{name}/size",
                problem="is missing",
                fix="say what to order, such as s-4vcpu-8gb",
            )


def _managers(environment: Environment, cloud: Cloud) -> Iterator[Problem]:
    count = sum(pool.count for pool in environment.nodes.values() if pool.role == "manager")
    if count not in (1, 3, 5):
        yield Problem(
            setting="nodes",
            problem=f"has {count} managers in total",
            allowed="an even number tolerates no more failures than one less, and more than five slow the swarm down",
            fix="use 1, 3 or 5",
        )


def _stores(environment: Environment, cloud: Cloud) -> Iterator[Problem]:
    if environment.stores.kind != "directory":
        yield Problem(
            setting="stores/kind",
            problem="is volume, which one engine alone has",
            fix="with cloud use directory, on block volumes",
        )
    wanted, given = set(environment.store_names), set(cloud.volumes)
    if missing := sorted(wanted - given):
        yield Problem(
            setting="cloud/volumes",
            problem=f"lacks {', '.join(missing)}",
            fix="give each store of the environment its GiB",
        )
    if unused := sorted(given - wanted):
        yield Problem(
            setting="cloud/volumes",
            problem=f"has {', '.join(unused)}, which no service of the environment stores",
            fix=f"use {', '.join(environment.store_names)}; a new store is added to STORES in layers/stores.py first",
        )


def _room(environment: Environment, cloud: Cloud) -> Iterator[Problem]:
    size = cloud.volumes.get("rabbitmq", SMALLEST_FOR_RABBITMQ)
    if size < SMALLEST_FOR_RABBITMQ:
        yield Problem(
            setting="cloud/volumes/rabbitmq",
            problem=f"is {size} GiB, but RabbitMQ blocks publishers when less than 2 GB are free",
            fix=f"use {SMALLEST_FOR_RABBITMQ} or more",
        )


def _storage(environment: Environment, cloud: Cloud) -> Iterator[Problem]:
    labels = {environment.stores.label_of(store) for store in environment.store_names}
    held_by: dict[str, str] = {}
    for name, pool in environment.nodes.items():
        label = pool.labels.get("storage")
        if label is None:
            continue
        if label in held_by:
            yield Problem(
                setting="nodes",
                problem=f"{held_by[label]} and {name} both have label storage={label}; a volume is on one node only",
                fix="give each pool a label of its own",
            )
        held_by[label] = name
        if label in labels and pool.count != 1:
            yield Problem(
                setting=f"nodes/{name}/count",
                problem=f"is {pool.count} but its volumes (storage={label}) can be on one node only",
                fix="use 1, and add pools for further nodes",
            )


def _ingress(environment: Environment, cloud: Cloud) -> Iterator[Problem]:
    setting = "cloud/ingress_pool"
    pool = environment.nodes.get(cloud.ingress_pool)
    if pool is None:
        yield Problem(
            setting=setting,
            problem=f"is {cloud.ingress_pool!r}, which nodes does not have",
            fix=f"use one of {', '.join(environment.nodes)}",
        )
        return
    if pool.count != 1 or pool.role != "manager":
        yield Problem(
            setting=setting,
            problem=f"is {cloud.ingress_pool!r} with {pool.count} {pool.role}s; the public address leads to one node, a manager",
            fix="use a pool with count 1 and role manager",
        )
    label = environment.stores.label_of("letsencrypt")
    if pool.labels.get("storage") != label:
        yield Problem(
            setting=setting,
            problem=f"is {cloud.ingress_pool!r} but certificates are on storage={label}",
            fix=f"give nodes/{cloud.ingress_pool} that label, or set stores/labels/letsencrypt",
        )


def _names(environment: Environment, cloud: Cloud) -> Iterator[Problem]:
    hosts = {"domain": environment.domain}
    for name, instance in environment.platform.instances.items():
        for setting in ("host", "api_host", "image_generation_host", "elo_host"):
            if host := getattr(instance, setting):
                hosts[f"platform/instances/{name}/{setting}"] = host
        hosts |= {f"platform/instances/{name}/aliases/{n}": host for n, host in enumerate(instance.aliases)}
    for path, host in hosts.items():
        if not is_below(host, cloud.zone):
            yield Problem(
                setting=path,
                problem=f"is {host}, which is not in cloud/zone {cloud.zone}",
                fix="use a name in that zone, or its zone",
            )


def _database(environment: Environment, cloud: Cloud) -> Iterator[Problem]:
    postgres = environment.data.postgres
    if (postgres.where == "managed") != (cloud.database is not None):
        yield Problem(
            setting="data/postgres/where",
            problem=f"is {postgres.where} and cloud/database is {'set' if cloud.database else 'missing'}",
            allowed="set cloud/database exactly when the database is managed",
            fix="change one of the two",
        )
    elif cloud.database and (postgres.host, postgres.port) != (f"db.{environment.domain}", 25060):
        yield Problem(
            setting="data/postgres",
            problem=f"is {postgres.host}:{postgres.port}, but the cluster that cloud/database orders answers at "
            f"db.{environment.domain}:25060",
            fix="use that host and port",
        )


def _engine(environment: Environment, cloud: Cloud) -> Iterator[Problem]:
    wanted = f"ssh://deploy@swarm.{environment.domain}"
    if environment.engine.host != wanted:
        yield Problem(
            setting="engine/host",
            problem=f"is {environment.engine.host}, but the nodes answer at {wanted}",
            fix="use that",
        )
