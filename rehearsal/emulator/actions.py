"""Actions, which take time: a resource starts one, the client polls it until `completed_at` is set."""

from __future__ import annotations

import time
from typing import Any

from . import ids
from .answer import Answer, paged
from .catalog import view_region
from .clock import now
from .errors import NotFound, Unprocessable
from .request import Request
from .router import Routes
from .store import Document
from .world import World

routes = Routes()

PENDING = "Droplet already has a pending event."  # providers compare this sentence letter by letter


def begin(
    world: World,
    request: Request,
    type: str,
    target: tuple[str, str | int],
    *,
    region: str,
    seconds: float,
    droplet: int | None = None,
    detail: Document | None = None,
) -> Document:
    """A new action on `target` (resource type, id), which keeps `droplet` busy until it ends."""
    fault = request.fault
    due: float | None = time.time() + seconds + (fault.seconds if fault else 0.0)
    resource_type, resource_id = target
    action: Document = {
        "id": ids.number(world.store, "action"),
        "status": "in-progress",
        "type": type,
        "started_at": now(),
        "completed_at": None,
        "resource_type": resource_type,
        "region_slug": region,
        "_target": resource_id,
        "_droplet": droplet,
        "_due": None if fault and fault.kind == "never" else due,
        "_fault": "injected fault: errored" if fault and fault.kind == "errored" else "",
        "_detail": detail or {},
    }
    world.store.put("action", action["id"], action)
    world.work.start(world, action["id"])
    return action


def refuse_while_pending(world: World, droplet: int) -> None:
    """A droplet does one thing at a time."""
    if pending(world, droplet):
        raise Unprocessable(PENDING)


def pending(world: World, droplet: int) -> list[Document]:
    """What a droplet is busy with."""
    return [
        one
        for one in world.store.all("action")
        if one["status"] == "in-progress" and one["_droplet"] == droplet
    ]


def cancel(world: World, droplet: int) -> None:
    """What a droplet was busy with ends with the droplet."""
    for one in pending(world, droplet):
        world.store.put("action", one["id"], {**one, "status": "errored", "completed_at": now()})


def view_action(action: Document) -> dict[str, Any]:
    shown = {name: value for name, value in action.items() if not name.startswith("_")}
    target = action["_target"]
    # A number or nothing: volumes, reserved IPs and databases have other ids.
    shown["resource_id"] = target if isinstance(target, int) else None
    shown["region"] = view_region(action["region_slug"])
    return shown


def of_target(world: World, resource_type: str, target: str | int) -> list[Document]:
    found = world.store.all("action")
    return [
        one for one in found if (one["resource_type"], str(one["_target"])) == (resource_type, str(target))
    ]


def one_of_target(world: World, request: Request, resource_type: str, target: str | int) -> Answer:
    """The answer to GET .../actions/{action_id}."""
    for one in of_target(world, resource_type, target):
        if str(one["id"]) == request.parts["action_id"]:
            return Answer(200, {"action": view_action(one)})
    raise NotFound


def link(request: Request, action: Document) -> dict[str, Any]:
    """How the answer to a create names the action it began."""
    return {"id": action["id"], "rel": action["type"], "href": f"{request.base}/v2/actions/{action['id']}"}


@routes.get("/v2/actions")
def list_actions(world: World, request: Request) -> Answer:
    newest_first = list(reversed(world.store.all("action")))
    return paged(request, "actions", newest_first, view_action)


@routes.get("/v2/actions/{action_id}")
def get_action(world: World, request: Request) -> Answer:
    return Answer(200, {"action": view_action(world.existing("action", request.parts["action_id"]))})
