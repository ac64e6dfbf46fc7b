"""Attach, detach, resize."""

from __future__ import annotations

from .. import actions
from ..answer import Answer, paged
from ..errors import Unprocessable
from ..request import Request
from ..router import Routes
from ..store import Document
from ..work import performs
from ..world import World
from .droplets import change
from .volumes import PATH, as_volume, checked_size, refuse_unless_free

routes = Routes()


@routes.get(PATH + "/actions")
def list_actions(world: World, request: Request) -> Answer:
    volume = world.existing("volume", request.parts["volume_id"])
    found = actions.of_target(world, "volume", volume["id"])
    return paged(request, "actions", found, actions.view_action)


@routes.get(PATH + "/actions/{action_id}")
def get_action(world: World, request: Request) -> Answer:
    volume = world.existing("volume", request.parts["volume_id"])
    return actions.one_of_target(world, request, "volume", volume["id"])


@routes.post(PATH + "/actions")
def act(world: World, request: Request) -> Answer:
    volume = world.existing("volume", request.parts["volume_id"])
    type = request.choice("type", ("attach", "detach", "resize"))
    if type == "resize":
        droplet = next(iter(volume["droplet_ids"]), None)
        detail = {"gibibytes": _larger(request, volume)}
    else:
        droplet = request.integer("droplet_id")
        detail = {"droplet": droplet}
        _check_droplet(world, volume, droplet, type)
    if droplet is not None:
        actions.refuse_while_pending(world, droplet)
    action = actions.begin(
        world,
        request,
        type,
        ("volume", volume["id"]),
        region=volume["_region"],
        seconds=world.settings.seconds.action,
        droplet=droplet,
        detail=detail,
    )
    return Answer(202, {"action": actions.view_action(action)})


def _larger(request: Request, volume: Document) -> int:
    """The new size. Volumes grow in use; they never shrink."""
    size = checked_size(request.integer("size_gigabytes"))
    if size <= volume["size_gigabytes"]:
        raise Unprocessable(f"the new size must be larger than the volume's {volume['size_gigabytes']} GiB")
    return size


def _check_droplet(world: World, volume: Document, number: int, type: str) -> None:
    droplet = world.existing("droplet", number)
    if type == "attach":
        refuse_unless_free(volume, droplet["_region"])
    elif number not in volume["droplet_ids"]:
        raise Unprocessable("Attachment not found")


@performs("volume", "attach", "detach")
def attach(world: World, action: Document) -> None:
    number, attached = action["_detail"]["droplet"], action["type"] == "attach"
    volume = world.store.get("volume", action["_target"])
    if volume is None:
        return
    act = world.machines.attach if attached else world.machines.detach
    act(number, as_volume(volume))
    with world.store.transaction():
        droplet = world.store.get("droplet", number)
        if droplet is not None:
            others = [one for one in droplet["volume_ids"] if one != volume["id"]]
            change(world, number, volume_ids=[*others, volume["id"]] if attached else others)
        world.store.put("volume", volume["id"], {**volume, "droplet_ids": [number] if attached else []})


@performs("volume", "resize")
def resize(world: World, action: Document) -> None:
    volume = world.store.get("volume", action["_target"])
    if volume is None:
        return
    volume["size_gigabytes"] = action["_detail"]["gibibytes"]
    world.machines.resize_volume(as_volume(volume))
    with world.store.transaction():
        world.store.put("volume", volume["id"], volume)
