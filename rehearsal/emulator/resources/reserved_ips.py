"""Reserved IPs: public addresses that outlive droplets; assigned and unassigned by actions."""

from __future__ import annotations

from typing import Any

from .. import actions
from ..answer import Answer, gone, paged
from ..catalog import known_region, view_region
from ..errors import Unprocessable
from ..request import Request
from ..router import Routes
from ..store import Document
from ..work import performs
from ..world import World
from . import addresses, projects
from .droplets import view_droplet

routes = Routes()

PATH = "/v2/reserved_ips/{reserved_ip}"


def view_reserved_ip(world: World, address: Document) -> dict[str, Any]:
    droplet = world.store.get("droplet", address["droplet_id"]) if address["droplet_id"] else None
    return {
        "ip": address["ip"],
        "region": view_region(address["_region"]),
        "droplet": view_droplet(world, droplet) if droplet else None,
        "locked": bool(_pending(world, address)),
        "project_id": projects.holder(world, f"do:floatingip:{address['ip']}")["id"],
    }


def _pending(world: World, address: Document) -> list[Document]:
    found = actions.of_target(world, "reserved_ip", address["ip"])
    return [one for one in found if one["status"] == "in-progress"]


@routes.get("/v2/reserved_ips")
def list_reserved_ips(world: World, request: Request) -> Answer:
    return paged(
        request, "reserved_ips", world.store.all("reserved_ip"), lambda one: view_reserved_ip(world, one)
    )


@routes.post("/v2/reserved_ips")
def create_reserved_ip(world: World, request: Request) -> Answer:
    """In a region, or for a droplet at once."""
    number = request.body.get("droplet_id")
    droplet = world.existing("droplet", number) if number else None
    region = droplet["_region"] if droplet else known_region(request.text("region"))
    address: Document = {"ip": addresses.reserved(world), "droplet_id": None, "_region": region}
    world.store.put("reserved_ip", address["ip"], address)
    begun = [_begin(world, request, address, "assign", droplet)] if droplet else []
    links = {"actions": [actions.link(request, one) for one in begun]}
    return Answer(202, {"reserved_ip": view_reserved_ip(world, address), "links": links})


@routes.get(PATH)
def get_reserved_ip(world: World, request: Request) -> Answer:
    address = world.existing("reserved_ip", request.parts["reserved_ip"])
    return Answer(200, {"reserved_ip": view_reserved_ip(world, address)})


@routes.delete(PATH)
def delete_reserved_ip(world: World, request: Request) -> Answer:
    address = world.existing("reserved_ip", request.parts["reserved_ip"])
    if _pending(world, address):
        raise Unprocessable("The reserved IP already has a pending event.")
    if address["droplet_id"]:
        raise Unprocessable("The reserved IP is assigned to a Droplet; unassign it first.")
    world.store.remove("reserved_ip", address["ip"])
    return gone()


@routes.get(PATH + "/actions")
def list_actions(world: World, request: Request) -> Answer:
    address = world.existing("reserved_ip", request.parts["reserved_ip"])
    found = actions.of_target(world, "reserved_ip", address["ip"])
    return paged(request, "actions", found, actions.view_action)


@routes.get(PATH + "/actions/{action_id}")
def get_action(world: World, request: Request) -> Answer:
    address = world.existing("reserved_ip", request.parts["reserved_ip"])
    return actions.one_of_target(world, request, "reserved_ip", address["ip"])


@routes.post(PATH + "/actions")
def act(world: World, request: Request) -> Answer:
    address = world.existing("reserved_ip", request.parts["reserved_ip"])
    type = request.choice("type", ("assign", "unassign"))
    if _pending(world, address):
        raise Unprocessable("The reserved IP already has a pending event.")
    if type == "assign":
        droplet = world.existing("droplet", request.integer("droplet_id"))
        if droplet["_region"] != address["_region"]:
            raise Unprocessable("The reserved IP and the Droplet must be in the same region.")
    else:
        if not address["droplet_id"]:
            raise Unprocessable("The reserved IP is not assigned to a Droplet.")
        droplet = world.existing("droplet", address["droplet_id"])
    return Answer(201, {"action": actions.view_action(_begin(world, request, address, type, droplet))})


def _begin(world: World, request: Request, address: Document, type: str, droplet: Document) -> Document:
    actions.refuse_while_pending(world, droplet["id"])
    return actions.begin(
        world,
        request,
        type,
        ("reserved_ip", address["ip"]),
        region=address["_region"],
        seconds=world.settings.seconds.action,
        droplet=droplet["id"],
        detail={"droplet": droplet["id"]},
    )


@performs("reserved_ip", "assign", "unassign")
def assign(world: World, action: Document) -> None:
    ip, number, assigned = action["_target"], action["_detail"]["droplet"], action["type"] == "assign"
    (world.machines.assign if assigned else world.machines.unassign)(ip, number)
    with world.store.transaction():
        for other in world.store.all("reserved_ip"):
            if other["droplet_id"] == number and assigned and other["ip"] != ip:
                world.store.put(
                    "reserved_ip", other["ip"], {**other, "droplet_id": None}
                )  # a droplet has one
        address = world.store.get("reserved_ip", ip)
        if address is not None:
            world.store.put("reserved_ip", ip, {**address, "droplet_id": number if assigned else None})
