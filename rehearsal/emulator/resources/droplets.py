"""Droplets: made, shown, deleted. What else happens to them is in droplet_actions."""

from __future__ import annotations

import re
from typing import Any

from .. import actions, ids
from ..answer import Answer, gone, paged
from ..catalog import known_image, known_region, known_size, view_image, view_region, view_size
from ..clock import now
from ..errors import Unprocessable
from ..machines import Machine
from ..request import Request
from ..router import Routes
from ..store import Document
from ..work import performs
from ..world import World
from . import addresses, firewalls, ssh_keys, tags, vpcs
from .volumes import as_volume, refuse_unless_free

routes = Routes()

PATH = "/v2/droplets/{droplet_id}"
NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?")
LARGEST_USER_DATA = 64 * 1024  # bytes


@routes.get("/v2/droplets")
def list_droplets(world: World, request: Request) -> Answer:
    found = world.store.all("droplet")
    if tag := request.query.get("tag_name"):
        found = tags.carriers(world, "droplet", tag)
    if name := request.query.get("name"):
        found = [one for one in found if one["name"] == name]
    return paged(request, "droplets", found, lambda one: view_droplet(world, one))


@routes.get(PATH)
def get_droplet(world: World, request: Request) -> Answer:
    return Answer(
        200, {"droplet": view_droplet(world, world.existing("droplet", request.parts["droplet_id"]))}
    )


@routes.post("/v2/droplets")
def create_droplet(world: World, request: Request) -> Answer:
    droplet = _ordered(world, request)
    for volume in droplet["volume_ids"]:
        document = world.existing("volume", volume)
        world.store.put("volume", volume, {**document, "droplet_ids": [droplet["id"]]})
    world.store.put("droplet", droplet["id"], droplet)
    action = actions.begin(
        world,
        request,
        "create",
        ("droplet", droplet["id"]),
        region=droplet["_region"],
        seconds=world.settings.seconds.create,
        droplet=droplet["id"],
    )
    shown = view_droplet(world, droplet)
    return Answer(202, {"droplet": shown, "links": {"actions": [actions.link(request, action)]}})


@routes.delete(PATH)
def delete_droplet(world: World, request: Request) -> Answer:
    droplet = world.existing("droplet", request.parts["droplet_id"])
    actions.cancel(world, droplet["id"])
    actions.begin(
        world,
        request,
        "destroy",
        ("droplet", droplet["id"]),
        region=droplet["_region"],
        seconds=world.settings.seconds.destroy,
        droplet=droplet["id"],
    )
    return gone()


@performs("droplet", "create")
def start(world: World, action: Document) -> None:
    droplet = world.store.get("droplet", action["_target"])
    if droplet is None:
        return
    world.machines.create(as_machine(world, droplet))
    change(world, droplet["id"], status="active")


@performs("droplet", "destroy")
def destroy(world: World, action: Document) -> None:
    """Its volumes and reserved IPs stay, free."""
    number = action["_target"]
    world.machines.delete(number)
    with world.store.transaction():
        for volume in world.store.all("volume"):
            if number in volume["droplet_ids"]:
                world.store.put("volume", volume["id"], {**volume, "droplet_ids": []})
        for address in world.store.all("reserved_ip"):
            if address["droplet_id"] == number:
                world.store.put("reserved_ip", address["ip"], {**address, "droplet_id": None})
        world.store.remove("droplet", number)


def change(world: World, number: int, **fields: Any) -> None:
    """Some of a droplet's fields, if it is still there."""
    with world.store.transaction():
        droplet = world.store.get("droplet", number)
        if droplet is not None:
            world.store.put("droplet", number, {**droplet, **fields})


def as_machine(world: World, droplet: Document) -> Machine:
    size = known_size(droplet["_size"])
    vpc = world.existing("vpc", droplet["_vpc"])
    keys = [ssh_keys.find(world, key) for key in droplet["_ssh_keys"]]
    volumes = [world.store.get("volume", volume) for volume in droplet["volume_ids"]]
    return Machine(
        id=droplet["id"],
        name=droplet["name"],
        region=droplet["_region"],
        size=size.slug,
        vcpus=size.vcpus,
        memory=size.memory,
        disk=droplet["disk"],
        image=droplet["_image"],
        user_data=droplet["_user_data"],
        ssh_keys=tuple(str(key["public_key"]) for key in keys if key),
        public_ipv4=droplet["_ip"],
        private_ipv4=droplet["_private_ip"],
        public_ipv6=droplet["_ipv6"],
        vpc_id=vpc["id"],
        vpc_range=vpc["ip_range"],
        volumes=tuple(as_volume(volume) for volume in volumes if volume),
        tags=tuple(droplet["tags"]),
        rules=firewalls.rules_for(world, droplet),
    )


def view_droplet(world: World, droplet: Document) -> dict[str, Any]:
    shown = {name: value for name, value in droplet.items() if not name.startswith("_")}
    size = known_size(droplet["_size"])
    # A droplet that is being made is not locked, one that something is done to is.
    busy = droplet["status"] != "new" and bool(actions.pending(world, droplet["id"]))
    return {
        **shown,
        "memory": size.memory,
        "vcpus": size.vcpus,
        "locked": busy,
        "kernel": None,
        "backup_ids": [],
        "next_backup_window": None,
        "snapshot_ids": [],
        "image": view_image(droplet["_image"]),
        "size": view_size(size),
        "size_slug": size.slug,
        "networks": addresses.view_networks(world, droplet),
        "region": view_region(droplet["_region"]),
    }


def _ordered(world: World, request: Request) -> Document:
    """The droplet that a create asks for, or the reason why not. Several at once (`names`) are not emulated."""
    name = request.text("name")
    if not NAME.fullmatch(name):
        raise Unprocessable("Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
    region = known_region(request.text("region"))
    size = known_size(request.text("size"))
    image = known_image(request.body.get("image"))
    user_data = request.text("user_data", "")
    if len(user_data.encode()) > LARGEST_USER_DATA:
        raise Unprocessable(f"user_data is too long (maximum is {LARGEST_USER_DATA} bytes)")
    number = ids.number(world.store, "droplet")
    vpc = _vpc(world, request, region)
    ip = addresses.public(world)
    return {
        "id": number,
        "name": name,
        "disk": size.disk,
        "status": "new",
        "created_at": now(),
        "features": _features(request),
        "volume_ids": _volumes(world, request, region),
        "tags": tags.ensure(world, request.strings("tags")),
        "vpc_uuid": vpc["id"],
        "_region": region,
        "_size": size.slug,
        "_image": image,
        "_user_data": user_data,
        "_ssh_keys": _keys(world, request),
        "_vpc": vpc["id"],
        "_ip": ip,
        "_private_ip": addresses.private(world, vpc),
        "_ipv6": addresses.v6(ip, number) if request.flag("ipv6") else "",
    }


def _features(request: Request) -> list[str]:
    asked = [name for name in ("backups", "ipv6", "monitoring") if request.flag(name)]
    agent = ["droplet_agent"] if request.flag("with_droplet_agent", default=True) else []
    return [*asked, *agent, "private_networking"]


def _vpc(world: World, request: Request, region: str) -> Document:
    given = request.text("vpc_uuid", "")
    if not given:
        return vpcs.default_vpc(world, region)
    vpc = world.store.get("vpc", given)
    if vpc is None or vpc["region"] != region:
        raise Unprocessable(f"vpc_uuid {given!r} is no VPC of region {region}")
    return vpc


def _keys(world: World, request: Request) -> list[int]:
    found = []
    for given in request.items("ssh_keys"):
        key = ssh_keys.find(world, given)
        if key is None:
            raise Unprocessable(f"{given} are invalid key identifiers for Droplet creation.")
        found.append(int(key["id"]))
    return found


def _volumes(world: World, request: Request, region: str) -> list[str]:
    """By id, as plain strings (as documented) or as {"id": ...} (as clients send them)."""
    found = []
    for given in request.items("volumes"):
        id = given.get("id") if isinstance(given, dict) else given
        volume = world.store.get("volume", str(id))
        if volume is None:
            raise Unprocessable(f"volume {id} does not exist")
        refuse_unless_free(volume, region)
        found.append(str(volume["id"]))
    return found
