"""What reviewers want to know of the things under the services: droplets, volumes, firewalls, records, databases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from layers.cloud.protected import PROTECTED, STEPS
from ops.model.changes import DROPLET, Action
from ops.model.inventory import REFERENCE, Inventory, Resource, Values, one
from ops.terminal.counted import counted

Say = Callable[[Values, Inventory], str]


def note_of(resource: Resource, inventory: Inventory) -> str:
    """What it is, in a few words; empty for what the name says already."""
    say = _NOTES.get(resource.type)
    return say(resource.values, inventory) if say else ""


def details_of(resource: Resource, inventory: Inventory) -> tuple[str, ...]:
    """More lines about it."""
    if resource.type == "digitalocean_firewall":
        return tuple(_rules(resource.values, inventory))
    if resource.type == DROPLET:
        return tuple(_droplet_details(resource.values, inventory))
    return ()


def _droplet(values: Values, inventory: Inventory) -> str:
    return f"{values.get('size')}, {values.get('image')}, {values.get('region')}"


def _droplet_details(values: Values, inventory: Inventory) -> Iterator[str]:
    volumes = [_volume_of(str(reference), inventory) for reference in values.get("volume_ids") or []]
    yield f"volumes: {', '.join(sorted(volumes)) or 'none'}"
    tags = [shown(str(tag), inventory) for tag in values.get("tags") or []]
    if tags:
        yield f"tags: {', '.join(sorted(tags))}"


def _volume_of(reference: str, inventory: Inventory) -> str:
    found = _behind(reference, inventory)
    return f"{found.name} {found.values.get('size')} GiB" if found else reference


def _rules(values: Values, inventory: Inventory) -> Iterator[str]:
    for word, kind, other in (("in", "inbound", "source"), ("out", "outbound", "destination")):
        for rule in values.get(f"{kind}_rule") or []:
            peers = [shown(str(peer), inventory) for peer in rule.get(f"{other}_addresses") or []]
            peers += [f"tag {shown(str(tag), inventory)}" for tag in rule.get(f"{other}_tags") or []]
            ports = rule.get("port_range")
            what = rule.get("protocol", "") + (f" {_ports(str(ports))}" if ports else "")
            direction = "from" if word == "in" else "to"
            yield f"{word.ljust(3)} {what.ljust(12)} {direction} {_people(peers)}"
    tags = [shown(str(tag), inventory) for tag in values.get("tags") or []]
    if tags:
        yield f"for droplets with tag {', '.join(sorted(tags))}"


def _ports(text: str) -> str:
    return "all" if text in ("1-65535", "0", "all") else text


def _people(peers: list[str]) -> str:
    return "anyone" if set(peers) >= {"0.0.0.0/0", "::/0"} else ", ".join(peers) or "nobody"


def shown(text: str, inventory: Inventory) -> str:
    """A value with its references in words: ``${digitalocean_tag.x.id}`` is the tag's name."""

    def replacement(match: re.Match[str]) -> str:
        found = inventory.resources.get(match["address"])
        if found is None:
            return match[0]
        if match["attribute"] in ("id", "name"):
            return found.name
        return f"({match['attribute'].replace('_', ' ')} of {found.name})"

    return REFERENCE.sub(replacement, text)


def _behind(text: str, inventory: Inventory) -> Resource | None:
    match = REFERENCE.fullmatch(text)
    if match:
        return inventory.resources.get(match["address"])
    return inventory.referred(text, "digitalocean_volume")


def _record(values: Values, inventory: Inventory) -> str:
    zone = shown(str(values.get("domain", "")), inventory)
    return f"{values.get('type')} in {zone} -> {shown(str(values.get('value', '')), inventory)}"


def _join(*names: str) -> Say:
    """The values of some settings, with their units where a name says one."""

    def say(values: Values, inventory: Inventory) -> str:
        parts = [
            f"{shown(str(values[name]), inventory)}{_UNITS.get(name, '')}"
            for name in names
            if values.get(name) not in (None, "", [])
        ]
        return ", ".join(parts)

    return say


_UNITS = {"size": " GiB", "node_count": " nodes"}


def _database(values: Values, inventory: Inventory) -> str:
    nodes = int(values.get("node_count") or 1)
    return f"{values.get('engine')} {values.get('version')}, {values.get('size')}, {counted(nodes, 'node')}, {values.get('region')}"


def _bucket(values: Values, inventory: Inventory) -> str:
    versions = one(values.get("versioning")).get("enabled")
    return f"{values.get('acl') or 'private'}, {'keeps versions' if versions else 'no versions'}, {values.get('region')}"


_NOTES: Mapping[str, Say] = {
    "digitalocean_droplet": _droplet,
    "digitalocean_volume": _join("size", "region"),
    "digitalocean_vpc": _join("ip_range", "region"),
    "digitalocean_record": _record,
    "digitalocean_reserved_ip": _join("region"),
    "digitalocean_database_cluster": _database,
    "digitalocean_spaces_bucket": _bucket,
    "digitalocean_uptime_check": _join("target"),
}

_DATA_OUT = f"refused on deploy; undo the edit, or follow {STEPS}"


def danger_of(resource: Resource, action: Action, because: tuple[str, ...]) -> tuple[int, str] | None:
    """What destroying or replacing it means and what to do instead, with its rank (0 is worst); nothing for harmless things."""
    fate = "is destroyed" if action is Action.DESTROY else "is replaced"
    reason = f" ({', '.join(because)})" if because else ""
    kind = resource.type.split("_", 1)[1].replace("_", " ")
    if protected := PROTECTED.get(resource.type):
        meaning = protected.destroyed if action is Action.DESTROY else protected.replaced
        return 0, f"{kind} {resource.name} {fate}{reason}: {meaning}; {_DATA_OUT}"
    if resource.type == DROPLET:
        return 1, f"droplet {resource.name} {fate}{reason}: {_droplet_danger(resource.name, action)}"
    if resource.type == "tls_private_key":
        return 1, (
            f"key {resource.name} {fate}{reason}: existing nodes keep the old one until they are replaced; "
            "undo the edit, or replace every node after it (docs/runbooks/replace-a-node.md)"
        )
    return None


def loss_of(old: Resource, new: Resource, before: Inventory, after: Inventory) -> tuple[int, str] | None:
    """What a droplet that is kept would lose in place, with its rank; nothing when it keeps all it has."""
    if new.type != DROPLET:
        return None
    kept = {
        found.address for each in new.values.get("volume_ids") or [] if (found := _behind(str(each), after))
    }
    had = [_behind(str(each), before) for each in old.values.get("volume_ids") or []]
    lost = sorted(found.name for found in had if found and found.address not in kept)
    if not lost:
        return None
    what = "volume" if len(lost) == 1 else "volumes"
    return 0, (
        f"droplet {new.name} loses {what} {', '.join(lost)}; refused on deploy while it runs, since its store may be "
        "writing; undo the edit, or follow docs/runbooks/move-a-store.md"
    )


def _droplet_danger(name: str, action: Action) -> str:
    if action is Action.DESTROY:
        return (
            f"its services move or stop, its volumes stay; refused on deploy unless --destroy {name} is given"
        )
    return (
        "its own disk is lost, its volumes stay, its services are down for minutes; refused on deploy; "
        f"undo the edit, or python -m ops replace-node --env NAME --node {name}"
    )


def effect_of(resource: Resource, changed: Mapping[str, Any]) -> str:
    """What a change in place means for users; empty where it has no effect on them."""
    if resource.type == DROPLET and "size" in changed:
        return "hard power cycle: drain it first; down for minutes"
    if resource.type == "digitalocean_droplet" and "volume_ids" in changed:
        return "new volumes are attached while it runs, and a deploy has the node mount them"
    if resource.type == "digitalocean_volume" and "size" in changed:
        return "grows while in use; a volume cannot shrink"
    if resource.type == "digitalocean_database_cluster" and {"size", "node_count"} & set(changed):
        return "moves to new machines, with a short interruption at the end"
    if resource.type == "digitalocean_spaces_bucket" and "name" in changed:
        return "refused on deploy: a bucket cannot be renamed"
    return ""
