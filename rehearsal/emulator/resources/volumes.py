"""Volumes: block storage, attached to one droplet at most."""

from __future__ import annotations

import re
from typing import Any

from .. import actions, ids
from ..answer import Answer, gone, paged
from ..catalog import known_region, view_region
from ..clock import now
from ..errors import Conflict, Unprocessable
from ..machines import Volume
from ..request import Request
from ..router import Routes
from ..store import Document
from ..work import performs
from ..world import World
from . import tags

routes = Routes()

PATH = "/v2/volumes/{volume_id}"
NAME = re.compile(r"[a-z]([a-z0-9-]{0,62}[a-z0-9])?")
LARGEST = 16 * 1024  # GiB
LONGEST_LABEL = {"ext4": 16, "xfs": 12, "": 0}


def refuse_unless_free(volume: Document, region: str) -> None:
    """A volume is attached to a droplet of its own region, and to one only."""
    if volume["droplet_ids"]:
        raise Unprocessable(f"volume {volume['id']} is already attached to a Droplet")
    if volume["_region"] != region:
        raise Unprocessable(
            f"volume {volume['id']} is in region {volume['_region']}, the Droplet in {region}"
        )


def as_volume(volume: Document) -> Volume:
    size, kind, label = volume["size_gigabytes"], volume["filesystem_type"], volume["filesystem_label"]
    return Volume(volume["id"], volume["name"], size, kind, label)


def view_volume(volume: Document) -> dict[str, Any]:
    shown = {name: value for name, value in volume.items() if not name.startswith("_")}
    return {**shown, "region": view_region(volume["_region"])}


def checked_size(size: int) -> int:
    if not 1 <= size <= LARGEST:
        raise Unprocessable(f"size_gigabytes must be from 1 to {LARGEST}")
    return size


@routes.get("/v2/volumes")
def list_volumes(world: World, request: Request) -> Answer:
    found = world.store.all("volume")
    if name := request.query.get("name"):
        found = [one for one in found if one["name"] == name]
    if region := request.query.get("region"):
        found = [one for one in found if one["_region"] == region]
    return paged(request, "volumes", found, view_volume)


@routes.post("/v2/volumes")
def create_volume(world: World, request: Request) -> Answer:
    name, region = request.text("name"), known_region(request.text("region"))
    if not NAME.fullmatch(name):
        raise Unprocessable("name: lower-case letters, digits and dashes, a letter first, at most 64")
    if any(one["name"] == name and one["_region"] == region for one in world.store.all("volume")):
        raise Conflict("failed to create volume: volume name already exists")
    if request.text("snapshot_id", ""):
        raise Unprocessable("snapshot_id: there are no snapshots in the emulator")
    kind = request.choice("filesystem_type", tuple(LONGEST_LABEL), "")
    label = request.text("filesystem_label", "")
    if len(label) > LONGEST_LABEL[kind]:
        raise Unprocessable(
            f"filesystem_label: at most {LONGEST_LABEL[kind]} letters with filesystem {kind or 'none'}"
        )
    volume: Document = {
        "id": ids.unique(),
        "name": name,
        "description": request.text("description", ""),
        "size_gigabytes": checked_size(request.integer("size_gigabytes")),
        "droplet_ids": [],
        "filesystem_type": kind,
        "filesystem_label": label,
        "tags": tags.ensure(world, request.strings("tags")),
        "created_at": now(),
        "_region": region,
    }
    world.store.put("volume", volume["id"], volume)
    return Answer(201, {"volume": view_volume(volume)})


@routes.get(PATH)
def get_volume(world: World, request: Request) -> Answer:
    return Answer(200, {"volume": view_volume(world.existing("volume", request.parts["volume_id"]))})


@routes.delete(PATH)
def delete_volume(world: World, request: Request) -> Answer:
    volume = world.existing("volume", request.parts["volume_id"])
    if volume["droplet_ids"]:
        raise Conflict("failed to delete volume: attached volume cannot be deleted")
    world.store.remove("volume", volume["id"])
    # An action of the emulator's own: its data goes when the request is through, and after a restart too.
    actions.begin(world, request, "delete", ("volume", volume["id"]), region=volume["_region"], seconds=0)
    return gone()


@performs("volume", "delete")
def erase(world: World, action: Document) -> None:
    world.machines.delete_volume(action["_target"])
