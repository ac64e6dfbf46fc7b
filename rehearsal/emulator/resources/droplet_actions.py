"""What can be done to a droplet: power, resize, rename, backups, IPv6."""

from __future__ import annotations

from .. import actions
from ..answer import Answer, paged
from ..catalog import known_size
from ..errors import NotImplementedHere, Unprocessable
from ..request import Request
from ..router import Routes
from ..store import Document
from ..work import performs
from ..world import World
from . import addresses
from .droplets import PATH, as_machine, change

routes = Routes()

POWER = {
    "power_on": "active",
    "power_off": "off",
    "shutdown": "off",
    "reboot": "active",
    "power_cycle": "active",
}
FEATURES = {
    "enable_backups": ("backups", True),
    "disable_backups": ("backups", False),
    "change_backup_policy": ("backups", True),
    "enable_ipv6": ("ipv6", True),
    "enable_private_networking": ("private_networking", True),
}
REAL_ONLY = ("restore", "password_reset", "rebuild", "change_kernel", "snapshot")


@routes.get(PATH + "/actions")
def list_actions(world: World, request: Request) -> Answer:
    droplet = world.existing("droplet", request.parts["droplet_id"])
    found = actions.of_target(world, "droplet", droplet["id"])
    return paged(request, "actions", found, actions.view_action)


@routes.get(PATH + "/actions/{action_id}")
def get_action(world: World, request: Request) -> Answer:
    droplet = world.existing("droplet", request.parts["droplet_id"])
    return actions.one_of_target(world, request, "droplet", droplet["id"])


@routes.post(PATH + "/actions")
def act(world: World, request: Request) -> Answer:
    droplet = world.existing("droplet", request.parts["droplet_id"])
    type = request.text("type")
    if type in REAL_ONLY:
        raise NotImplementedHere(f"the emulator does not know the droplet action {type!r}")
    actions.refuse_while_pending(world, droplet["id"])
    action = actions.begin(
        world,
        request,
        type,
        ("droplet", droplet["id"]),
        region=droplet["_region"],
        seconds=world.settings.seconds.action,
        droplet=droplet["id"],
        detail=_checked(request, droplet, type),
    )
    return Answer(201, {"action": actions.view_action(action)})


def _checked(request: Request, droplet: Document, type: str) -> Document:
    """What the action needs to know, or the reason why it cannot be."""
    off = droplet["status"] == "off"
    if type == "power_on" and not off:
        raise Unprocessable("Droplet is already powered on.")
    if type == "power_off" and off:
        raise Unprocessable("Droplet is already powered off.")
    if type == "rename":
        return {"name": request.text("name")}
    if type == "resize":
        size = known_size(request.text("size"))
        if not off:
            raise Unprocessable("Droplet must be powered off to be resized.")
        if size.disk < droplet["disk"]:
            raise Unprocessable("This size is not available because it has a smaller disk.")
        return {"size": size.slug, "disk": request.flag("disk")}
    if type not in POWER and type not in FEATURES:
        raise Unprocessable(f"The action type {type!r} is not known.")
    return {}


@performs("droplet", *POWER)
def power(world: World, action: Document) -> None:
    world.machines.power(action["_target"], action["type"])
    change(world, action["_target"], status=POWER[action["type"]])


@performs("droplet", "resize")
def resize(world: World, action: Document) -> None:
    droplet = world.store.get("droplet", action["_target"])
    if droplet is None:
        return
    size, disk = known_size(action["_detail"]["size"]), droplet["disk"]
    fields = {"_size": size.slug, "disk": size.disk if action["_detail"]["disk"] else disk}
    world.machines.resize(as_machine(world, {**droplet, **fields}))
    change(world, droplet["id"], **fields)


@performs("droplet", "rename")
def rename(world: World, action: Document) -> None:
    change(world, action["_target"], name=action["_detail"]["name"])


@performs("droplet", *FEATURES)
def feature(world: World, action: Document) -> None:
    name, on = FEATURES[action["type"]]
    with world.store.transaction():
        droplet = world.store.get("droplet", action["_target"])
        if droplet is None:
            return
        others = [one for one in droplet["features"] if one != name]
        fields: Document = {"features": [*others, name] if on else others}
        if name == "ipv6":
            fields["_ipv6"] = addresses.v6(droplet["_ip"], droplet["id"])
        change(world, droplet["id"], **fields)
