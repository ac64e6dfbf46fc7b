"""Uptime checks from outside, and the alerts of each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .. import ids
from ..answer import Answer, gone, paged
from ..errors import NotFound, Unprocessable
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World
from .monitor_alerts import receivers

routes = Routes()

PATH = "/v2/uptime/checks/{check_id}"
ALERT = PATH + "/alerts/{alert_id}"
TYPES = ("ping", "http", "https")
REGIONS = ("us_east", "us_west", "eu_west", "se_asia")
ALERTS = ("latency", "down", "down_global", "ssl_expiry")
COMPARISONS = ("greater_than", "less_than")
PERIODS = ("2m", "3m", "5m", "10m", "15m", "30m", "1h")


@routes.get("/v2/uptime/checks")
def list_checks(world: World, request: Request) -> Answer:
    return paged(request, "checks", world.store.all("uptime_check"), lambda check: check)


@routes.post("/v2/uptime/checks")
def create_check(world: World, request: Request) -> Answer:
    check = {"id": ids.unique(), **_check(request)}
    world.store.put("uptime_check", check["id"], check)
    return Answer(201, {"check": check})


@routes.get(PATH)
def get_check(world: World, request: Request) -> Answer:
    return Answer(200, {"check": _existing(world, request)})


@routes.put(PATH)
def update_check(world: World, request: Request) -> Answer:
    check = {"id": _existing(world, request)["id"], **_check(request)}
    world.store.put("uptime_check", check["id"], check)
    return Answer(200, {"check": check})


@routes.delete(PATH)
def delete_check(world: World, request: Request) -> Answer:
    """And its alerts."""
    check = _existing(world, request)
    for alert in _alerts(world, check):
        world.store.remove("uptime_alert", alert["id"])
    world.store.remove("uptime_check", check["id"])
    return gone()


@routes.get(PATH + "/alerts")
def list_alerts(world: World, request: Request) -> Answer:
    return paged(request, "alerts", _alerts(world, _existing(world, request)), _view)


@routes.post(PATH + "/alerts")
def create_alert(world: World, request: Request) -> Answer:
    check = _existing(world, request)
    alert = {"id": ids.unique(), "_check": check["id"], **_alert(request)}
    world.store.put("uptime_alert", alert["id"], alert)
    return Answer(201, {"alert": _view(alert)})


@routes.get(ALERT)
def get_alert(world: World, request: Request) -> Answer:
    return Answer(200, {"alert": _view(_existing_alert(world, request))})


@routes.put(ALERT)
def update_alert(world: World, request: Request) -> Answer:
    old = _existing_alert(world, request)
    alert = {"id": old["id"], "_check": old["_check"], **_alert(request)}
    world.store.put("uptime_alert", old["id"], alert)
    return Answer(200, {"alert": _view(alert)})


@routes.delete(ALERT)
def delete_alert(world: World, request: Request) -> Answer:
    world.store.remove("uptime_alert", _existing_alert(world, request)["id"])
    return gone()


def _existing(world: World, request: Request) -> Document:
    return world.existing("uptime_check", request.parts["check_id"])


def _existing_alert(world: World, request: Request) -> Document:
    alert = world.existing("uptime_alert", request.parts["alert_id"])
    if alert["_check"] != _existing(world, request)["id"]:
        raise NotFound
    return alert


def _alerts(world: World, check: Document) -> list[Document]:
    return [one for one in world.store.all("uptime_alert") if one["_check"] == check["id"]]


def _view(alert: Document) -> dict[str, Any]:
    return {name: value for name, value in alert.items() if not name.startswith("_")}


def _check(request: Request) -> Document:
    target = request.text("target")
    type = request.choice("type", TYPES, urlsplit(target).scheme or "ping")
    if type != "ping" and urlsplit(target).scheme != type:
        raise Unprocessable(f"target must begin with {type}://")
    regions = request.strings("regions")
    if any(one not in REGIONS for one in regions):
        raise Unprocessable(f"regions must be of {', '.join(REGIONS)}")
    name, enabled = request.text("name"), request.flag("enabled", default=True)
    return {"name": name, "type": type, "target": target, "regions": regions, "enabled": enabled}


def _alert(request: Request) -> Document:
    alert: Document = {
        "name": request.text("name"),
        "type": request.choice("type", ALERTS),
        "notifications": receivers(request.body.get("notifications")),
    }
    if request.body.get("threshold"):  # clients in Go send zeros and empty texts for what is not set
        alert["threshold"] = request.integer("threshold")
    if request.body.get("comparison"):
        alert["comparison"] = request.choice("comparison", COMPARISONS)
    if request.body.get("period"):
        alert["period"] = request.choice("period", PERIODS)
    if alert["type"] in ("latency", "ssl_expiry") and not {"threshold", "comparison"} <= alert.keys():
        raise Unprocessable(f"an alert of type {alert['type']} needs threshold and comparison")
    return alert
