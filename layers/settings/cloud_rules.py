"""What the cloud's settings must have in common with the rest of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cloud import Cloud
    from .environment import Environment


SMALLEST_FOR_RABBITMQ = 4
"""GiB. Its ``disk_free_limit`` is 2 GB: on a smaller volume it would block every publisher from the first minute on."""


def check_cloud(environment: Environment) -> None:
    """Refuses what could be ordered but would not carry the services.

    Raises:
        ValueError: both settings that contradict each other, and what to do.
    """
    if environment.cloud is None:
        for name, pool in environment.nodes.items():
            if pool.size is not None:
                raise ValueError(
                    f"nodes/{name}/size is {pool.size} but nothing is ordered without cloud; add cloud or remove size"
                )
        return
    for rule in (_sizes, _managers, _stores, _room, _storage, _ingress, _names, _database, _engine):
        rule(environment, environment.cloud)


def _sizes(environment: Environment, cloud: Cloud) -> None:
    for name, pool in environment.nodes.items():
        if pool.size is None:
            raise ValueError(f"nodes/{name}/size is missing; say what to order, such as s-4vcpu-8gb")


def _managers(environment: Environment, cloud: Cloud) -> None:
    count = sum(pool.count for pool in environment.nodes.values() if pool.role == "manager")
    if count not in (1, 3, 5):
        raise ValueError(
            f"nodes has {count} managers in all; use 1, 3 or 5: half of an even number is no majority, "
            "and more than five slow every decision down"
        )


def _stores(environment: Environment, cloud: Cloud) -> None:
    if environment.stores.kind != "directory":
        raise ValueError(
            "stores/kind is volume, which one engine alone has; with cloud use directory, on block volumes"
        )
    wanted, given = set(environment.store_names), set(cloud.volumes)
    if missing := sorted(wanted - given):
        raise ValueError(
            f"cloud/volumes lacks {', '.join(missing)}; give each store of the environment its GiB"
        )
    if unused := sorted(given - wanted):
        raise ValueError(
            f"cloud/volumes has {', '.join(unused)}, which no service of the environment stores; "
            f"use {', '.join(environment.store_names)}"
        )


def _room(environment: Environment, cloud: Cloud) -> None:
    if cloud.volumes["rabbitmq"] < SMALLEST_FOR_RABBITMQ:
        raise ValueError(
            f"cloud/volumes/rabbitmq is {cloud.volumes['rabbitmq']} GiB, but the broker takes no message any more once "
            f"less than 2 GB are free; use {SMALLEST_FOR_RABBITMQ} or more"
        )


def _storage(environment: Environment, cloud: Cloud) -> None:
    labels = {environment.stores.label_of(store) for store in environment.store_names}
    held_by: dict[str, str] = {}
    for name, pool in environment.nodes.items():
        label = pool.labels.get("storage")
        if label is None:
            continue
        if label in held_by:
            raise ValueError(
                f"nodes/{held_by[label]} and nodes/{name} both have label storage={label}; "
                "a volume is on one node only, give each pool a label of its own"
            )
        held_by[label] = name
        if label in labels and pool.count != 1:
            raise ValueError(
                f"nodes/{name}/count is {pool.count} but its volumes (storage={label}) can be on one node only; "
                "use 1, and further pools for further nodes"
            )


def _ingress(environment: Environment, cloud: Cloud) -> None:
    pool = environment.nodes.get(cloud.ingress_pool)
    if pool is None:
        raise ValueError(
            f"cloud/ingress_pool is {cloud.ingress_pool!r}, which nodes does not have; use one of {', '.join(environment.nodes)}"
        )
    if pool.count != 1 or pool.role != "manager":
        raise ValueError(
            f"cloud/ingress_pool is {cloud.ingress_pool!r} with {pool.count} {pool.role}s; "
            "the public address leads to one node, a manager; use a pool with count 1 and role manager"
        )
    label = environment.stores.label_of("letsencrypt")
    if pool.labels.get("storage") != label:
        raise ValueError(
            f"cloud/ingress_pool is {cloud.ingress_pool!r} but certificates are on storage={label}; "
            f"give nodes/{cloud.ingress_pool} that label, or set stores/labels/letsencrypt"
        )


def _names(environment: Environment, cloud: Cloud) -> None:
    hosts = {"domain": environment.domain}
    for name, instance in environment.platform.instances.items():
        for setting in ("host", "api_host", "image_generation_host", "elo_host"):
            if host := getattr(instance, setting):
                hosts[f"platform/instances/{name}/{setting}"] = host
    for path, host in hosts.items():
        if host != cloud.zone and not host.endswith(f".{cloud.zone}"):
            raise ValueError(
                f"{path} is {host}, which is not in cloud/zone {cloud.zone}; use a name in that zone, or its zone"
            )


def _database(environment: Environment, cloud: Cloud) -> None:
    postgres = environment.data.postgres
    if (postgres.where == "managed") != (cloud.database is not None):
        raise ValueError(
            f"data/postgres/where is {postgres.where} and cloud/database is {'set' if cloud.database else 'missing'}; "
            "a managed database is ordered there, one in the swarm is not"
        )
    if cloud.database and (postgres.host, postgres.port) != (f"db.{environment.domain}", 25060):
        raise ValueError(
            f"data/postgres is {postgres.host}:{postgres.port}, but the cluster that cloud/database orders answers at "
            f"db.{environment.domain}:25060; use that host and port"
        )


def _engine(environment: Environment, cloud: Cloud) -> None:
    wanted = f"ssh://deploy@swarm.{environment.domain}"
    if environment.engine.host != wanted:
        raise ValueError(
            f"engine/host is {environment.engine.host}, but the nodes answer at {wanted}; use that"
        )
