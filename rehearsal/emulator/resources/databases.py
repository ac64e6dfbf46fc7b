"""Database clusters: Postgres here; other engines are shown, not run differently."""

from __future__ import annotations

import re
from typing import Any

from .. import actions, ids
from ..answer import Answer, gone, paged
from ..catalog import known_region
from ..clock import now
from ..errors import NotImplementedHere, Unprocessable
from ..machines import DatabaseCluster, DatabaseEndpoint
from ..request import Request
from ..router import Routes
from ..store import Document
from ..work import performs
from ..world import World
from . import addresses, projects, tags, vpcs

routes = Routes()

PATH = "/v2/databases/{database_cluster_uuid}"
NAME = re.compile(r"[a-z][a-z0-9-]{1,62}")
ENGINES = {"pg": ("14", "15", "16", "17", "18"), "mysql": ("8",), "valkey": ("8",)}
SIZES = {  # slug: memory in GiB, smallest storage in MiB
    "db-s-1vcpu-1gb": (1, 10240),
    "db-s-1vcpu-2gb": (2, 30720),
    "db-s-2vcpu-4gb": (4, 61440),
    "db-s-4vcpu-8gb": (8, 143360),
    "db-s-6vcpu-16gb": (16, 286720),
}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PORT, POOL_PORT = 25060, 25061
OWNER, FIRST_DATABASE = "doadmin", "defaultdb"
MOST_NODES = 3
CONNECTIONS_PER_GIB = 25  # of memory, and three are kept for maintenance
KEPT = 3


@routes.get("/v2/databases")
def list_clusters(world: World, request: Request) -> Answer:
    found = world.store.all("database")
    if tag := request.query.get("tag_name"):
        found = tags.carriers(world, "database", tag)
    return paged(request, "databases", found, lambda one: view_cluster(world, one))


@routes.post("/v2/databases")
def create_cluster(world: World, request: Request) -> Answer:
    cluster = _ordered(world, request)
    world.store.put("database", cluster["id"], cluster)
    if project := request.text("project_id", ""):
        projects.put_into(world, f"do:dbaas:{cluster['id']}", world.existing("project", project)["id"])
    _work_on(world, request, cluster, "creating")
    return Answer(201, {"database": view_cluster(world, cluster)})


@routes.get(PATH)
def get_cluster(world: World, request: Request) -> Answer:
    return Answer(200, {"database": view_cluster(world, existing(world, request))})


@routes.delete(PATH)
def delete_cluster(world: World, request: Request) -> Answer:
    cluster = existing(world, request)
    world.store.remove("database", cluster["id"])
    actions.begin(world, request, "delete", ("database", cluster["id"]), region=cluster["region"], seconds=0)
    return gone()


@routes.put(PATH + "/resize")
def resize_cluster(world: World, request: Request) -> Answer:
    cluster = ready(world, request)
    size, nodes = _size(request), _nodes(request)
    storage = request.integer("storage_size_mib", 0) or max(cluster["storage_size_mib"], SIZES[size][1])
    if storage < cluster["storage_size_mib"]:
        raise Unprocessable("storage cannot shrink")
    _work_on(
        world, request, {**cluster, "size": size, "num_nodes": nodes, "storage_size_mib": storage}, "resizing"
    )
    return Answer(202)


@routes.put(PATH + "/migrate")
def migrate_cluster(world: World, request: Request) -> Answer:
    region = known_region(request.text("region"))
    _work_on(world, request, {**ready(world, request), "region": region}, "migrating")
    return Answer(202)


@routes.put(PATH + "/maintenance")
def set_maintenance(world: World, request: Request) -> Answer:
    cluster = existing(world, request)
    hour = request.text("hour")
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", hour):
        raise Unprocessable("hour must be of the form 14:00 or 14:00:00")
    window = {"day": request.choice("day", DAYS), "hour": f"{hour}:00"[:8]}
    world.store.put(
        "database", cluster["id"], {**cluster, "maintenance_window": {**window, "pending": False}}
    )
    return gone()


@routes.put(PATH + "/upgrade")
def upgrade_cluster(world: World, request: Request) -> Answer:
    cluster = ready(world, request)
    version = request.choice("version", ENGINES[cluster["engine"]])
    if int(version) <= int(cluster["version"]):
        raise Unprocessable(f"the cluster already has version {cluster['version']}")
    world.store.put("database", cluster["id"], {**cluster, "version": version})
    return gone()


def existing(world: World, request: Request) -> Document:
    return world.existing("database", request.parts["database_cluster_uuid"], "cluster not found")


def ready(world: World, request: Request) -> Document:
    """A cluster that can be worked on: online."""
    cluster = existing(world, request)
    if cluster["status"] != "online":
        raise Unprocessable(f"the cluster is {cluster['status']}; wait until it is online")
    return cluster


def connections(cluster: Document) -> int:
    """How many all clients may have together."""
    return CONNECTIONS_PER_GIB * SIZES[cluster["size"]][0] - KEPT


def connection(
    cluster: Document, *, private: bool, pool: str = "", user: str = OWNER, db: str = ""
) -> Document:
    """How to reach the cluster, or one of its pools, as one user."""
    endpoint = DatabaseEndpoint(**cluster["_endpoint"])
    host = endpoint.private_host if private else endpoint.host
    port = endpoint.pool_port if pool else endpoint.port
    database = pool or db or FIRST_DATABASE
    password = next((one["password"] for one in cluster["_users"] if one["name"] == user), "")
    uri = f"postgresql://{user}:{password}@{host}:{port}/{database}?sslmode=require"
    reach = {"uri": uri, "host": host, "port": port, "ssl": True, "database": database}
    return {**reach, "user": user, "password": password}


def view_cluster(world: World, cluster: Document) -> dict[str, Any]:
    shown = {name: value for name, value in cluster.items() if not name.startswith("_")}
    return {
        **shown,
        "semantic_version": f"{cluster['version']}.4",
        "db_names": cluster["_dbs"],
        "users": cluster["_users"],
        "connection": connection(cluster, private=False),
        "private_connection": connection(cluster, private=True),
        "project_id": projects.holder(world, f"do:dbaas:{cluster['id']}")["id"],
        "metrics_endpoints": [{"host": cluster["_endpoint"]["host"], "port": 9273}],
    }


@performs("database", "creating", "resizing", "migrating")
def bring_online(world: World, action: Document) -> None:
    cluster = world.store.get("database", action["_target"])
    if cluster is None:
        return
    endpoint = world.machines.database(_machine(world, cluster)) if action["type"] == "creating" else None
    with world.store.transaction():
        cluster = world.store.get("database", action["_target"])
        if cluster is not None:
            where = vars(endpoint) if endpoint else cluster["_endpoint"]
            world.store.put("database", cluster["id"], {**cluster, "status": "online", "_endpoint": where})


@performs("database", "delete")
def erase(world: World, action: Document) -> None:
    world.machines.delete_database(action["_target"])


def _machine(world: World, cluster: Document) -> DatabaseCluster:
    return DatabaseCluster(
        id=cluster["id"],
        name=cluster["name"],
        engine=cluster["engine"],
        version=cluster["version"],
        private_ipv4=cluster["_private_ip"],
        vpc_range=world.existing("vpc", cluster["_vpc"])["ip_range"],
        connections=connections(cluster),
        endpoint=DatabaseEndpoint(**cluster["_endpoint"]),
    )


def _work_on(world: World, request: Request, cluster: Document, status: str) -> None:
    world.store.put("database", cluster["id"], {**cluster, "status": status})
    cluster["status"] = status
    seconds, region = world.settings.seconds.database, cluster["region"]
    actions.begin(world, request, status, ("database", cluster["id"]), region=region, seconds=seconds)


def _size(request: Request) -> str:
    return request.choice("size", tuple(SIZES))


def _nodes(request: Request) -> int:
    nodes = request.integer("num_nodes")
    if not 1 <= nodes <= MOST_NODES:
        raise Unprocessable(f"num_nodes must be from 1 to {MOST_NODES}")
    return nodes


def _vpc(world: World, request: Request, region: str) -> Document:
    given = request.text("private_network_uuid", "")
    vpc = world.store.get("vpc", given) if given else vpcs.default_vpc(world, region)
    if vpc is None or vpc["region"] != region:
        raise Unprocessable(f"private_network_uuid {given!r} is no VPC of region {region}")
    return vpc


def _ordered(world: World, request: Request) -> Document:
    name, region = request.text("name"), known_region(request.text("region"))
    engine = request.choice("engine", tuple(ENGINES))
    if request.items("rules") or request.body.get("backup_restore"):
        raise NotImplementedHere(
            "the emulator makes no cluster with rules or from a backup; set rules afterwards"
        )
    if not NAME.fullmatch(name) or any(one["name"] == name for one in world.store.all("database")):
        raise Unprocessable("name: lower-case letters, digits and dashes, a letter first, and not in use")
    vpc, size = _vpc(world, request, region), _size(request)
    host = f"{name}-do-user-258992-0.{ids.word(1)}.db.example"  # a name that resolves nowhere
    return {
        "id": ids.unique(),
        "name": name,
        "engine": engine,
        "version": request.choice("version", ENGINES[engine], ENGINES[engine][-1]),
        "num_nodes": _nodes(request),
        "size": size,
        "region": region,
        "status": "creating",
        "created_at": now(),
        "private_network_uuid": vpc["id"],
        "tags": tags.ensure(world, request.strings("tags")),
        "maintenance_window": {"day": "saturday", "hour": "23:00:00", "pending": False},
        "storage_size_mib": request.integer("storage_size_mib", 0) or SIZES[size][1],
        "_vpc": vpc["id"],
        "_private_ip": addresses.private(world, vpc),
        "_endpoint": vars(DatabaseEndpoint(host, f"private-{host}", PORT, POOL_PORT)),
        "_users": [{"name": OWNER, "role": "primary", "password": f"AVNS_{ids.word(19)}"}],
        "_dbs": [FIRST_DATABASE],
        "_pools": [],
        "_rules": [],
    }
