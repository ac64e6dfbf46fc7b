"""Alert policies on what droplets, load balancers and databases measure of themselves."""

from __future__ import annotations

import re
from typing import Any

from .. import ids
from ..answer import Answer, gone, paged
from ..errors import BadRequest, Unprocessable
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World
from . import tags

routes = Routes()

PATH = "/v2/monitoring/alerts/{alert_uuid}"
TYPE = re.compile(r"v1/(insights/droplet|insights/lbaas|dbaas/alerts|droplet/autoscale_alerts)/[a-z0-9_]+")
COMPARISONS = ("GreaterThan", "LessThan")
WINDOWS = ("5m", "10m", "30m", "1h")


@routes.get("/v2/monitoring/alerts")
def list_policies(world: World, request: Request) -> Answer:
    return paged(request, "policies", world.store.all("alert_policy"), lambda policy: policy)


@routes.post("/v2/monitoring/alerts")
def create_policy(world: World, request: Request) -> Answer:
    policy = {"uuid": ids.unique(), **_fields(world, request)}
    world.store.put("alert_policy", policy["uuid"], policy)
    return Answer(200, {"policy": policy})


@routes.get(PATH)
def get_policy(world: World, request: Request) -> Answer:
    return Answer(200, {"policy": world.existing("alert_policy", request.parts["alert_uuid"])})


@routes.put(PATH)
def update_policy(world: World, request: Request) -> Answer:
    old = world.existing("alert_policy", request.parts["alert_uuid"])
    policy = {"uuid": old["uuid"], **_fields(world, request)}
    world.store.put("alert_policy", old["uuid"], policy)
    return Answer(200, {"policy": policy})


@routes.delete(PATH)
def delete_policy(world: World, request: Request) -> Answer:
    world.store.remove("alert_policy", world.existing("alert_policy", request.parts["alert_uuid"])["uuid"])
    return gone()


def receivers(given: Any) -> Document:
    """Who is told. Clients in Go send null for none."""
    given = given if isinstance(given, dict) else {}
    email, slack = given.get("email") or [], given.get("slack") or []
    if not email and not slack:
        raise Unprocessable("at least one email address or Slack channel is needed")
    if not all(isinstance(one, str) and "@" in one for one in email):
        raise Unprocessable("email must be a list of addresses")
    return {"email": email, "slack": [{"channel": one["channel"], "url": one["url"]} for one in slack]}


def _fields(world: World, request: Request) -> Document:
    type, value = request.text("type"), request.body.get("value")
    if not TYPE.fullmatch(type):
        raise BadRequest(f"type {type!r} is not known")
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise Unprocessable("value must be a number of at least 0")
    entities = request.strings("entities")
    for one in entities:
        if type.startswith("v1/insights/droplet/") and world.store.get("droplet", one) is None:
            raise Unprocessable(f"droplet {one} does not exist")
    return {
        "type": type,
        "description": request.text("description"),
        "compare": request.choice("compare", COMPARISONS),
        "value": value,
        "window": request.choice("window", WINDOWS),
        "entities": entities,
        "tags": tags.ensure(world, request.strings("tags")),
        "alerts": receivers(request.body.get("alerts")),
        "enabled": request.flag("enabled", default=True),
    }
