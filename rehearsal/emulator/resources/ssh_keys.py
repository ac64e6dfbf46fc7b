"""SSH keys: public halves that a new droplet lets in."""

from __future__ import annotations

import base64
import binascii
import hashlib

from .. import ids
from ..answer import Answer, gone, paged
from ..errors import NotFound, Unprocessable
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World

routes = Routes()

PATH = "/v2/account/keys/{ssh_key_identifier}"
WORDS = 2  # type and key; a comment may follow


def fingerprint(public_key: str) -> str:
    """MD5 of the key, in pairs with colons between: how the API names keys."""
    words = public_key.split()
    try:
        raw = base64.b64decode(words[1], validate=True) if len(words) >= WORDS else b""
    except binascii.Error:
        raw = b""
    # A key's first field is its type, with its length before it: anything else is no key.
    length = int.from_bytes(raw[:4], "big")
    if not raw or raw[4 : 4 + length] != words[0].encode():
        raise Unprocessable("Fingerprint could not be generated, please make sure your key is valid")
    digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def find(world: World, given: str | int) -> Document | None:
    """By number or fingerprint."""
    for key in world.store.all("ssh_key"):
        if str(given) in (str(key["id"]), key["fingerprint"]):
            return key
    return None


def _existing(world: World, request: Request) -> Document:
    found = find(world, request.parts["ssh_key_identifier"])
    if found is None:
        raise NotFound
    return found


@routes.get("/v2/account/keys")
def list_keys(world: World, request: Request) -> Answer:
    return paged(request, "ssh_keys", world.store.all("ssh_key"), lambda key: key)


@routes.post("/v2/account/keys")
def create_key(world: World, request: Request) -> Answer:
    name, public = request.text("name"), request.text("public_key").strip()
    print_ = fingerprint(public)
    if find(world, print_):
        raise Unprocessable("SSH Key is already in use on your account")
    number = ids.number(world.store, "ssh_key")
    key = {"id": number, "fingerprint": print_, "public_key": public, "name": name}
    world.store.put("ssh_key", number, key)
    return Answer(201, {"ssh_key": key})


@routes.get(PATH)
def get_key(world: World, request: Request) -> Answer:
    return Answer(200, {"ssh_key": _existing(world, request)})


@routes.put(PATH)
def update_key(world: World, request: Request) -> Answer:
    key = {**_existing(world, request), "name": request.text("name")}
    world.store.put("ssh_key", key["id"], key)
    return Answer(200, {"ssh_key": key})


@routes.delete(PATH)
def delete_key(world: World, request: Request) -> Answer:
    world.store.remove("ssh_key", _existing(world, request)["id"])
    return gone()
