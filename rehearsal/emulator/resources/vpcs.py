"""VPCs: private networks of a region, each region's default one included."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Any

from .. import ids
from ..answer import Answer, gone, paged
from ..catalog import known_region
from ..clock import now
from ..errors import Conflict, Forbidden, Unprocessable
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World

routes = Routes()

PATH = "/v2/vpcs/{vpc_id}"
NAME = re.compile(r"[a-zA-Z0-9.-]+")
SMALLEST, LARGEST = 28, 16  # prefix lengths that a VPC may have
GENERATED = IPv4Network("10.116.0.0/14")  # where ranges come from that nobody chose, as /20


def range_for(world: World, given: str) -> str:
    """The range that was asked for, or the next free one."""
    taken = [IPv4Network(one["ip_range"]) for one in world.store.all("vpc")]
    if not given:
        return str(
            next(one for one in GENERATED.subnets(new_prefix=20) if not any(one.overlaps(t) for t in taken))
        )
    try:
        network = IPv4Network(given)
    except ValueError:
        raise Unprocessable(f"ip_range {given!r} is not a valid CIDR") from None
    if not LARGEST <= network.prefixlen <= SMALLEST or not network.is_private:
        raise Unprocessable(f"ip_range must be a private network of /{LARGEST} to /{SMALLEST}")
    if any(network.overlaps(one) for one in taken):
        raise Unprocessable("This range/size overlaps with another VPC network in your account.")
    return str(network)


def default_vpc(world: World, region: str) -> Document:
    """The region's default VPC, made when it is first needed."""
    for one in world.store.all("vpc"):
        if one["region"] == region and one["default"]:
            return one
    return _make(world, f"default-{region}", region, description="", ip_range="", default=True)


def members(world: World, vpc: str) -> list[dict[str, Any]]:
    """Who is in it: droplets and database clusters."""
    droplets = [one for one in world.store.all("droplet") if one["vpc_uuid"] == vpc]
    databases = [one for one in world.store.all("database") if one["private_network_uuid"] == vpc]
    found = [(f"do:droplet:{one['id']}", one) for one in droplets]
    found += [(f"do:dbaas:{one['id']}", one) for one in databases]
    return [{"urn": urn, "name": one["name"], "created_at": one["created_at"]} for urn, one in found]


def _make(
    world: World, name: str, region: str, *, description: str, ip_range: str, default: bool
) -> Document:
    if not NAME.fullmatch(name):
        raise Unprocessable("name may hold letters, digits, dots and dashes")
    if any(one["name"] == name for one in world.store.all("vpc")):
        raise Unprocessable("This name already exists")
    number = ids.unique()
    vpc = {
        "id": number,
        "urn": f"do:vpc:{number}",
        "name": name,
        "description": description,
        "region": region,
        "ip_range": range_for(world, ip_range),
        "default": default,
        "created_at": now(),
    }
    world.store.put("vpc", number, vpc)
    return vpc


@routes.get("/v2/vpcs")
def list_vpcs(world: World, request: Request) -> Answer:
    return paged(request, "vpcs", world.store.all("vpc"), lambda vpc: vpc)


@routes.post("/v2/vpcs")
def create_vpc(world: World, request: Request) -> Answer:
    region = known_region(request.text("region"))
    # A region's first VPC by hand is not its default one: that is made beside it.
    default_vpc(world, region)
    name, description = request.text("name"), request.text("description", "")
    vpc = _make(
        world, name, region, description=description, ip_range=request.text("ip_range", ""), default=False
    )
    return Answer(201, {"vpc": vpc})


@routes.get(PATH)
def get_vpc(world: World, request: Request) -> Answer:
    return Answer(200, {"vpc": world.existing("vpc", request.parts["vpc_id"])})


@routes.get(PATH + "/members")
def list_members(world: World, request: Request) -> Answer:
    vpc = world.existing("vpc", request.parts["vpc_id"])
    return paged(request, "members", members(world, vpc["id"]), lambda member: member)


@routes.put(PATH)
@routes.patch(PATH)
def update_vpc(world: World, request: Request) -> Answer:
    vpc = world.existing("vpc", request.parts["vpc_id"])
    vpc["name"] = request.text("name", vpc["name"])
    vpc["description"] = request.text("description", vpc["description"])
    if request.flag("default") and not vpc["default"]:
        for other in world.store.all("vpc"):
            if other["region"] == vpc["region"] and other["default"]:
                world.store.put("vpc", other["id"], {**other, "default": False})
        vpc["default"] = True
    world.store.put("vpc", vpc["id"], vpc)
    return Answer(200, {"vpc": vpc})


@routes.delete(PATH)
def delete_vpc(world: World, request: Request) -> Answer:
    vpc = world.existing("vpc", request.parts["vpc_id"])
    if vpc["default"]:
        raise Forbidden("Can not delete default VPC")
    if members(world, vpc["id"]):
        raise Conflict("Can not delete VPC with members")
    world.store.remove("vpc", vpc["id"])
    return gone()
