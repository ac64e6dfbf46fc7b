"""What is in a cluster: databases, users, connection pools, and who may connect."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from .. import ids
from ..answer import Answer, gone
from ..clock import now
from ..errors import Forbidden, NotFound, Unprocessable
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World
from . import tags
from .databases import OWNER, PATH, connection, connections, existing, ready

routes = Routes()

MODES = ("transaction", "session", "statement")
RULES = ("droplet", "k8s", "ip_addr", "tag", "app")
MOST_RULES = 100


@routes.get(PATH + "/dbs")
def list_dbs(world: World, request: Request) -> Answer:
    return Answer(200, {"dbs": [{"name": name} for name in existing(world, request)["_dbs"]]})


@routes.post(PATH + "/dbs")
def create_db(world: World, request: Request) -> Answer:
    cluster, name = ready(world, request), request.text("name")
    if name in cluster["_dbs"]:
        raise Unprocessable("database name is not available")
    _keep(world, cluster, _dbs=[*cluster["_dbs"], name])
    return Answer(201, {"db": {"name": name}})


@routes.get(PATH + "/dbs/{database_name}")
def get_db(world: World, request: Request) -> Answer:
    return Answer(200, {"db": {"name": _db(existing(world, request), request)}})


@routes.delete(PATH + "/dbs/{database_name}")
def delete_db(world: World, request: Request) -> Answer:
    cluster = existing(world, request)
    name = _db(cluster, request)
    _keep(world, cluster, _dbs=[one for one in cluster["_dbs"] if one != name])
    return gone()


@routes.get(PATH + "/users")
def list_users(world: World, request: Request) -> Answer:
    return Answer(200, {"users": existing(world, request)["_users"]})


@routes.post(PATH + "/users")
def create_user(world: World, request: Request) -> Answer:
    cluster, name = ready(world, request), request.text("name")
    if any(one["name"] == name for one in cluster["_users"]):
        raise Unprocessable("user name is not available")
    user = {"name": name, "role": "normal", "password": f"AVNS_{ids.word(19)}"}
    _keep(world, cluster, _users=[*cluster["_users"], user])
    return Answer(201, {"user": user})


@routes.get(PATH + "/users/{username}")
def get_user(world: World, request: Request) -> Answer:
    return Answer(200, {"user": _named(existing(world, request)["_users"], request.parts["username"])})


@routes.delete(PATH + "/users/{username}")
def delete_user(world: World, request: Request) -> Answer:
    cluster = existing(world, request)
    user = _named(cluster["_users"], request.parts["username"])
    if user["name"] == OWNER:
        raise Forbidden(f"the user {OWNER} cannot be deleted")
    _keep(world, cluster, _users=[one for one in cluster["_users"] if one != user])
    return gone()


@routes.get(PATH + "/pools")
def list_pools(world: World, request: Request) -> Answer:
    cluster = existing(world, request)
    return Answer(200, {"pools": [_view_pool(cluster, one) for one in cluster["_pools"]]})


@routes.post(PATH + "/pools")
def create_pool(world: World, request: Request) -> Answer:
    cluster, name = ready(world, request), request.text("name")
    pool: Document = {
        "name": name,
        "mode": request.choice("mode", MODES),
        "size": request.integer("size"),
        "db": request.text("db"),
        "user": request.text("user", ""),
    }
    taken = [*cluster["_dbs"], *(one["name"] for one in cluster["_pools"])]
    if name in taken:
        raise Unprocessable("pool name is not available")
    if pool["db"] not in cluster["_dbs"]:
        raise Unprocessable(f"database {pool['db']!r} does not exist")
    if pool["user"] and not any(one["name"] == pool["user"] for one in cluster["_users"]):
        raise Unprocessable(f"user {pool['user']!r} does not exist")
    _refuse_too_many(cluster, pool["size"])
    _keep(world, cluster, _pools=[*cluster["_pools"], pool])
    return Answer(201, {"pool": _view_pool(cluster, pool)})


@routes.get(PATH + "/pools/{pool_name}")
def get_pool(world: World, request: Request) -> Answer:
    cluster = existing(world, request)
    return Answer(200, {"pool": _view_pool(cluster, _named(cluster["_pools"], request.parts["pool_name"]))})


@routes.delete(PATH + "/pools/{pool_name}")
def delete_pool(world: World, request: Request) -> Answer:
    cluster = existing(world, request)
    pool = _named(cluster["_pools"], request.parts["pool_name"])
    _keep(world, cluster, _pools=[one for one in cluster["_pools"] if one != pool])
    return gone()


@routes.get(PATH + "/firewall")
def get_rules(world: World, request: Request) -> Answer:
    return Answer(200, {"rules": existing(world, request)["_rules"]})


@routes.put(PATH + "/firewall")
def set_rules(world: World, request: Request) -> Answer:
    """The whole list. An empty one lets the world in, as the real one does."""
    cluster, given = existing(world, request), request.items("rules")
    if len(given) > MOST_RULES:
        raise Unprocessable(f"at most {MOST_RULES} rules")
    old = {one["uuid"]: one for one in cluster["_rules"]}
    rules = []
    for one in given:
        kept = old.get(str(one.get("uuid")), {"uuid": ids.unique(), "created_at": now()})
        rule = {**kept, "cluster_uuid": cluster["id"], "type": one.get("type"), "value": one.get("value")}
        _check_rule(world, rule)
        rules.append(rule)
    _keep(world, cluster, _rules=rules)
    return gone()


def sources(world: World, cluster: Document) -> tuple[str, ...] | None:
    """The addresses that the rules let in, tags and droplets turned into theirs; None where there are no rules."""
    if not cluster["_rules"]:
        return None
    found: set[str] = set()
    for rule in cluster["_rules"]:
        type, value = rule["type"], str(rule["value"])
        chosen = tags.carriers(world, "droplet", value) if type == "tag" else []
        if type == "droplet" and (droplet := world.store.get("droplet", value)):
            chosen = [droplet]
        found |= {address for one in chosen for address in (one["_ip"], one["_private_ip"]) if address}
        if type == "ip_addr":
            found.add(value)
    return tuple(sorted(found))


def _check_rule(world: World, rule: Document) -> None:
    type, value = rule["type"], str(rule["value"])
    if type not in RULES:
        raise Unprocessable(f"rule type must be one of {', '.join(RULES)}")
    if type == "ip_addr":
        try:
            network = ip_network(value, strict=False)
        except ValueError:
            raise Unprocessable(f"invalid IP address {value!r}") from None
        if network.version != 4:
            raise Unprocessable("IPv6 addresses are not supported")
    if type == "tag" and tags.find(world, value) is None:
        raise Unprocessable(f"tag {value!r} does not exist")
    if type == "droplet" and world.store.get("droplet", value) is None:
        raise Unprocessable(f"droplet {value!r} does not exist")


def _refuse_too_many(cluster: Document, more: int) -> None:
    most = connections(cluster)
    if more < 1 or more + sum(one["size"] for one in cluster["_pools"]) > most:
        raise Unprocessable(f"pool size: the pools of this cluster may have {most} connections together")


def _view_pool(cluster: Document, pool: Document) -> dict[str, Any]:
    reach = {"pool": pool["name"], "user": pool["user"] or OWNER}
    private = connection(cluster, private=True, **reach)
    return {**pool, "connection": connection(cluster, private=False, **reach), "private_connection": private}


def _db(cluster: Document, request: Request) -> str:
    name = request.parts["database_name"]
    if name not in cluster["_dbs"]:
        raise NotFound
    return name


def _named(found: list[Document], name: str) -> Document:
    for one in found:
        if one["name"] == name:
            return one
    raise NotFound


def _keep(world: World, cluster: Document, **fields: Any) -> None:
    world.store.put("database", cluster["id"], {**cluster, **fields})
