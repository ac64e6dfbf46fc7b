"""Domains: DNS zones, each with its name servers from the start."""

from __future__ import annotations

import re
from typing import Any

from ..answer import Answer, gone, paged
from ..errors import Unprocessable
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World
from . import records

routes = Routes()

PATH = "/v2/domains/{domain_name}"
NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")


def view_domain(world: World, domain: Document) -> dict[str, Any]:
    return {
        "name": domain["name"],
        "ttl": records.DEFAULT_TTL,
        "zone_file": records.zone_file(world, domain["name"]),
    }


@routes.get("/v2/domains")
def list_domains(world: World, request: Request) -> Answer:
    return paged(request, "domains", world.store.all("domain"), lambda one: view_domain(world, one))


@routes.post("/v2/domains")
def create_domain(world: World, request: Request) -> Answer:
    name = request.text("name").lower()
    if not NAME.fullmatch(name):
        raise Unprocessable(f"domain '{name}': name is invalid")
    if world.store.get("domain", name):
        raise Unprocessable(f"domain '{name}': name already exists")
    world.store.put("domain", name, {"name": name})
    records.first(world, name, request.text("ip_address", ""))
    # A zone is written some moments later.
    return Answer(201, {"domain": {"name": name, "ttl": records.DEFAULT_TTL, "zone_file": None}})


@routes.get(PATH)
def get_domain(world: World, request: Request) -> Answer:
    return Answer(200, {"domain": view_domain(world, world.existing("domain", request.parts["domain_name"]))})


@routes.delete(PATH)
def delete_domain(world: World, request: Request) -> Answer:
    """And all its records."""
    domain = world.existing("domain", request.parts["domain_name"])
    for record in records.of(world, domain["name"]):
        world.store.remove("record", record["id"])
    world.store.remove("domain", domain["name"])
    return gone()
