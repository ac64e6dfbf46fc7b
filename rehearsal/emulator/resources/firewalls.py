"""Firewalls: rules for droplets, chosen by number or by tag."""

from __future__ import annotations

import re
import time
from ipaddress import ip_network
from typing import Any

from .. import ids
from ..answer import Answer, gone, paged
from ..clock import now
from ..errors import Conflict, Unprocessable
from ..machines import FirewallRule
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World
from . import tags

routes = Routes()

PATH = "/v2/firewalls/{firewall_id}"
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.-]+")
PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
HIGHEST_PORT = 65535
MOST_DROPLETS = 10  # by number; tags have no such limit
SIDES = {"inbound_rules": "sources", "outbound_rules": "destinations"}
PEERS = ("addresses", "droplet_ids", "load_balancer_uids", "kubernetes_ids", "tags")


@routes.get("/v2/firewalls")
def list_firewalls(world: World, request: Request) -> Answer:
    return paged(request, "firewalls", world.store.all("firewall"), lambda one: view_firewall(world, one))


@routes.post("/v2/firewalls")
def create_firewall(world: World, request: Request) -> Answer:
    firewall = {"id": ids.unique(), "created_at": now(), **_ordered(world, request)}
    if any(one["name"] == firewall["name"] for one in world.store.all("firewall")):
        raise Conflict("duplicate name")
    world.store.put("firewall", firewall["id"], firewall)
    return Answer(202, {"firewall": view_firewall(world, firewall)})


@routes.get(PATH)
def get_firewall(world: World, request: Request) -> Answer:
    return Answer(
        200, {"firewall": view_firewall(world, world.existing("firewall", request.parts["firewall_id"]))}
    )


@routes.put(PATH)
def update_firewall(world: World, request: Request) -> Answer:
    """The whole firewall: what the request leaves out is gone."""
    old = world.existing("firewall", request.parts["firewall_id"])
    firewall = {"id": old["id"], "created_at": old["created_at"], **_ordered(world, request)}
    world.store.put("firewall", old["id"], firewall)
    return Answer(200, {"firewall": view_firewall(world, firewall)})


@routes.delete(PATH)
def delete_firewall(world: World, request: Request) -> Answer:
    world.store.remove("firewall", world.existing("firewall", request.parts["firewall_id"])["id"])
    return gone()


def view_firewall(world: World, firewall: Document) -> dict[str, Any]:
    """Changes are pending for a moment, then all have succeeded."""
    waiting = time.time() < firewall["_settled"]
    covered = [one["id"] for one in world.store.all("droplet") if covers(firewall, one)] if waiting else []
    shown = {name: value for name, value in firewall.items() if not name.startswith("_")}
    changes = [{"droplet_id": number, "removing": False, "status": "waiting"} for number in covered]
    return {**shown, "status": "waiting" if waiting else "succeeded", "pending_changes": changes}


def covers(firewall: Document, droplet: Document) -> bool:
    carried = {tag.lower() for tag in droplet["tags"]}
    return droplet["id"] in firewall["droplet_ids"] or any(tag.lower() in carried for tag in firewall["tags"])


def rules_for(world: World, droplet: Document) -> tuple[FirewallRule, ...] | None:
    """The rules of all firewalls that cover a droplet, tags turned into addresses; None where none covers it."""
    covering = [one for one in world.store.all("firewall") if covers(one, droplet)]
    if not covering:
        return None
    found = []
    for firewall in covering:
        for side, peers in SIDES.items():
            for rule in firewall[side]:
                direction, protocol = side.removesuffix("_rules"), rule["protocol"]
                addresses = _addresses(world, rule[peers])
                found.append(FirewallRule(direction, protocol, rule["ports"], addresses))
    return tuple(found)


def _addresses(world: World, peers: Document) -> tuple[str, ...]:
    numbers = set(peers.get("droplet_ids", []))
    numbers |= {one["id"] for tag in peers.get("tags", []) for one in tags.carriers(world, "droplet", tag)}
    chosen = [one for one in world.store.all("droplet") if one["id"] in numbers]
    own = [address for one in chosen for address in (one["_ip"], one["_private_ip"], one["_ipv6"]) if address]
    return (*peers.get("addresses", []), *own)


def _ordered(world: World, request: Request) -> Document:
    name = request.text("name")
    if not NAME.fullmatch(name):
        raise Unprocessable("name: letters, digits, dots and dashes, a letter or digit first")
    rules = {side: [_rule(world, one, peers) for one in request.items(side)] for side, peers in SIDES.items()}
    if not any(rules.values()):
        raise Unprocessable("at least one rule must be specified")
    numbers = request.items("droplet_ids")
    if len(numbers) > MOST_DROPLETS:
        raise Unprocessable(f"a firewall covers at most {MOST_DROPLETS} Droplets by number; use tags")
    for number in numbers:
        if world.store.get("droplet", number) is None:
            raise Unprocessable(f"droplet {number} does not exist")
    settled = time.time() + world.settings.seconds.firewall
    return {
        "name": name,
        "droplet_ids": numbers,
        "tags": _known_tags(world, request.strings("tags")),
        **rules,
        "_settled": settled,
    }


def _known_tags(world: World, names: list[str]) -> list[str]:
    """A firewall makes no tags: one that does not exist is refused."""
    for name in names:
        if tags.find(world, name) is None:
            raise Unprocessable(f"tag {name!r} does not exist")
    return names


def _rule(world: World, rule: Any, peers: str) -> Document:
    if not isinstance(rule, dict) or rule.get("protocol") not in ("tcp", "udp", "icmp"):
        raise Unprocessable("protocol must be tcp, udp or icmp")
    others = {name: value for name in PEERS if (value := (rule.get(peers) or {}).get(name))}
    if not others:
        raise Unprocessable(f"a rule needs {peers}")
    for address in others.get("addresses", []):
        try:
            ip_network(address, strict=False)
        except ValueError:
            raise Unprocessable("invalid address") from None
    _known_tags(world, others.get("tags", []))
    return {"protocol": rule["protocol"], "ports": _ports(rule), peers: others}


def _ports(rule: Document) -> str:
    """As the API gives them back: 0 for all, and for icmp."""
    given = str(rule.get("ports") or "")
    if rule["protocol"] == "icmp" or given in ("all", "0"):
        return "0"
    found = PORTS.fullmatch(given)
    if not found or not 1 <= int(found[1]) <= int(found[2] or found[1]) <= HIGHEST_PORT:
        raise Unprocessable(f"ports {given!r} is invalid: a port, a range such as 8000-9000, or all")
    return given
