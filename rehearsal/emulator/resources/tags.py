"""Tags: names that droplets, volumes and databases carry, and that firewalls and alerts select by."""

from __future__ import annotations

import re
from typing import Any

from ..answer import Answer, gone, paged
from ..errors import NotFound, Unprocessable
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World

routes = Routes()

PATH = "/v2/tags/{tag_id}"
NAME = re.compile(r"[a-zA-Z0-9_:-]{1,255}")
# Kind in the store, and how the path to such a resource begins.
TAGGED = {"droplet": "/v2/droplets", "volume": "/v2/volumes", "database": "/v2/databases"}
NEVER_HERE = ("images", "volume_snapshots")  # clients read their counts all the same


def find(world: World, name: str) -> Document | None:
    """Tags are the same in upper and lower case; the first spelling stays."""
    return world.store.get("tag", name.lower())


def ensure(world: World, names: list[str]) -> list[str]:
    """The tags in their first spelling, made where they are new: what naming them at a create does."""
    found = []
    for name in names:
        if not NAME.fullmatch(name):
            raise Unprocessable(f"tag {name!r}: letters, digits, colons, dashes and underscores, at most 255")
        tag = find(world, name) or {"name": name}
        world.store.put("tag", name.lower(), tag)
        found.append(str(tag["name"]))
    return list(dict.fromkeys(found))


def carriers(world: World, kind: str, name: str) -> list[Document]:
    return [one for one in world.store.all(kind) if name.lower() in (tag.lower() for tag in one["tags"])]


def view_tag(world: World, base: str, tag: Document) -> dict[str, Any]:
    resources: dict[str, Any] = {f"{kind}": {"count": 0} for kind in NEVER_HERE}
    total, last = 0, ""
    for kind, path in TAGGED.items():
        found = carriers(world, kind, tag["name"])
        counted: dict[str, Any] = {"count": len(found)}
        if found:
            last = counted["last_tagged_uri"] = f"{base}{path}/{found[-1]['id']}"
        resources[f"{kind}s"] = counted
        total += len(found)
    resources["count"] = total
    return {"name": tag["name"], "resources": {**resources, **({"last_tagged_uri": last} if last else {})}}


def _existing(world: World, request: Request) -> Document:
    tag = find(world, request.parts["tag_id"])
    if tag is None:
        raise NotFound
    return tag


@routes.get("/v2/tags")
def list_tags(world: World, request: Request) -> Answer:
    return paged(request, "tags", world.store.all("tag"), lambda tag: view_tag(world, request.base, tag))


@routes.post("/v2/tags")
def create_tag(world: World, request: Request) -> Answer:
    (name,) = ensure(world, [request.text("name")])
    return Answer(201, {"tag": view_tag(world, request.base, {"name": name})})


@routes.get(PATH)
def get_tag(world: World, request: Request) -> Answer:
    return Answer(200, {"tag": view_tag(world, request.base, _existing(world, request))})


@routes.delete(PATH)
def delete_tag(world: World, request: Request) -> Answer:
    tag = _existing(world, request)
    for kind in TAGGED:
        for one in carriers(world, kind, tag["name"]):
            world.store.put(kind, one["id"], _without(one, tag["name"]))
    world.store.remove("tag", tag["name"].lower())
    return gone()


@routes.post(PATH + "/resources")
def tag_resources(world: World, request: Request) -> Answer:
    tag = _existing(world, request)
    for kind, one in _named(world, request):
        world.store.put(kind, one["id"], {**one, "tags": list(dict.fromkeys([*one["tags"], tag["name"]]))})
    return gone()


@routes.delete(PATH + "/resources")
def untag_resources(world: World, request: Request) -> Answer:
    tag = _existing(world, request)
    for kind, one in _named(world, request):
        world.store.put(kind, one["id"], _without(one, tag["name"]))
    return gone()


def _named(world: World, request: Request) -> list[tuple[str, Document]]:
    found = []
    for item in request.items("resources"):
        kind, id = str(item.get("resource_type")), str(item.get("resource_id"))
        if kind not in TAGGED:
            raise Unprocessable(f"resource_type {kind!r} is not one of {', '.join(TAGGED)}")
        found.append((kind, world.existing(kind, id)))
    return found


def _without(document: Document, tag: str) -> Document:
    return {**document, "tags": [one for one in document["tags"] if one.lower() != tag.lower()]}
