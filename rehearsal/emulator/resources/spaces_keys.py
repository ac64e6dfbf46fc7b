"""Spaces access keys, each with the buckets it opens."""

from __future__ import annotations

from typing import Any

from .. import ids
from ..answer import Answer, paged
from ..answer import gone as deleted
from ..clock import now
from ..errors import Unprocessable
from ..machines import SpacesKey
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World

routes = Routes()

PATH = "/v2/spaces/keys/{access_key}"
PERMISSIONS = ("read", "readwrite", "fullaccess")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def view_key(key: Document, with_secret: bool = False) -> dict[str, Any]:
    """The secret half is shown once, when the key is made."""
    return {name: value for name, value in key.items() if with_secret or name != "secret_key"}


def keys(world: World) -> tuple[SpacesKey, ...]:
    """All of them, as the object storage must know them."""
    return tuple(
        SpacesKey(
            one["access_key"],
            one["secret_key"],
            tuple((grant["bucket"], grant["permission"]) for grant in one["grants"]),
        )
        for one in world.store.all("spaces_key")
    )


@routes.get("/v2/spaces/keys")
def list_keys(world: World, request: Request) -> Answer:
    return paged(request, "keys", world.store.all("spaces_key"), view_key)


@routes.post("/v2/spaces/keys")
def create_key(world: World, request: Request) -> Answer:
    key: Document = {
        "name": request.text("name"),
        "access_key": "DO" + ids.word(18, LETTERS),
        "secret_key": ids.word(43),
        "grants": _grants(request),
        "created_at": now(),
    }
    world.store.put("spaces_key", key["access_key"], key)
    return Answer(201, {"key": view_key(key, with_secret=True)})


@routes.get(PATH)
def get_key(world: World, request: Request) -> Answer:
    return Answer(200, {"key": view_key(world.existing("spaces_key", request.parts["access_key"]))})


@routes.put(PATH)
@routes.patch(PATH)
def update_key(world: World, request: Request) -> Answer:
    key = world.existing("spaces_key", request.parts["access_key"])
    key["name"] = request.text("name", key["name"])
    if "grants" in request.body:
        key["grants"] = _grants(request)
    world.store.put("spaces_key", key["access_key"], key)
    return Answer(200, {"key": view_key(key)})


@routes.delete(PATH)
def delete_key(world: World, request: Request) -> Answer:
    world.store.remove("spaces_key", world.existing("spaces_key", request.parts["access_key"])["access_key"])
    return deleted()


def _grants(request: Request) -> list[Document]:
    grants = []
    for one in request.items("grants"):
        bucket, permission = str(one.get("bucket") or ""), str(one.get("permission") or "")
        if permission not in PERMISSIONS:
            raise Unprocessable(f"permission must be one of {', '.join(PERMISSIONS)}")
        if bool(bucket) == (permission == "fullaccess"):
            raise Unprocessable("a grant names a bucket, unless it is fullaccess")
        grants.append({"bucket": bucket, "permission": permission})
    return grants
