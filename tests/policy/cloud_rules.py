"""Rules over what an environment orders, as Terraform gets it. Each says what is wrong; nothing is fine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]
Rule = Callable[[Document], Iterator[str]]

# Not read from layers.cloud.protected: a type that leaves that table must not leave this rule with it.
KEPT = (
    "digitalocean_volume",
    "digitalocean_database_cluster",
    "digitalocean_database_db",
    "digitalocean_spaces_bucket",
    "digitalocean_reserved_ip",
    "digitalocean_vpc",
    "digitalocean_domain",
)
WORLD = {"0.0.0.0/0", "::/0"}
PAGES = {("tcp", "80"), ("tcp", "443")}
SWARM = {("tcp", "2377"), ("tcp", "7946"), ("udp", "7946"), ("udp", "4789")}
SSH = ("tcp", "22")
IGNORED = {"user_data", "ssh_keys", "image", "monitoring", "droplet_agent", "ipv6"}


def resources(document: Document, kind: str) -> dict[str, Document]:
    found: dict[str, Document] = document["resource"].get(kind, {})
    return found


def data_is_kept(document: Document) -> Iterator[str]:
    for kind in KEPT:
        if not resources(document, kind):
            yield f"there is no {kind}, so its protection is gone with it"
        for name, each in resources(document, kind).items():
            if each.get("lifecycle", {}).get("prevent_destroy") is not True:
                yield f"{kind}.{name} can be destroyed"


def firewalls_open_what_is_meant(document: Document) -> Iterator[str]:
    inside = {each["ip_range"] for each in resources(document, "digitalocean_vpc").values()}
    for name, firewall in resources(document, "digitalocean_firewall").items():
        for rule in firewall.get("inbound_rule", []):
            port, sources = (rule["protocol"], rule.get("port_range", "")), set(rule["source_addresses"])
            if sources & WORLD and port not in PAGES:
                yield f"{name} opens {port} to the world"
            if port in SWARM and sources != inside:
                yield f"{name} opens the swarm's {port} to {sources - inside}"
            if port not in {*PAGES, *SWARM, SSH, ("icmp", "")}:
                yield f"{name} opens {port}"


def pages_are_on_the_ingress_node_alone(document: Document) -> Iterator[str]:
    for name, firewall in resources(document, "digitalocean_firewall").items():
        ports = {(rule["protocol"], rule.get("port_range")) for rule in firewall.get("inbound_rule", [])}
        if ports & PAGES and firewall["tags"] != ["${digitalocean_tag.ingress.id}"]:
            yield f"{name} opens pages on {firewall['tags']}"


def droplets_are_guarded_before_they_are_there(document: Document) -> Iterator[str]:
    for name, droplet in resources(document, "digitalocean_droplet").items():
        needed = {f"digitalocean_firewall.{each}" for each in resources(document, "digitalocean_firewall")}
        if not needed or not needed <= set(droplet.get("depends_on", [])):
            yield f"{name} may be there before its firewall"
        guarded = {tag for f in resources(document, "digitalocean_firewall").values() for tag in f["tags"]}
        if not guarded & set(droplet["tags"]):
            yield f"{name} has no tag that a firewall protects"


def edits_replace_no_droplet(document: Document) -> Iterator[str]:
    for name, droplet in resources(document, "digitalocean_droplet").items():
        if missing := IGNORED - set(droplet.get("lifecycle", {}).get("ignore_changes", [])):
            yield f"{name} is replaced when {', '.join(sorted(missing))} change"
        if droplet.get("graceful_shutdown") is not True or droplet.get("timeouts", {}).get("delete") != "10m":
            yield f"{name} is not given the time to shut down"
        if droplet.get("resize_disk") is not False:
            yield f"{name} could never be made smaller again"


def tags_and_firewalls_are_the_environments_own(document: Document, name: str) -> Iterator[str]:
    """Another environment of the account must neither have them nor be meant by them."""
    for kind in ("digitalocean_tag", "digitalocean_firewall"):
        for address, each in resources(document, kind).items():
            if each["name"] != name and not each["name"].startswith(f"{name}-"):
                yield f"{kind}.{address} is called {each['name']}"
    used = [tag for each in resources(document, "digitalocean_droplet").values() for tag in each["tags"]]
    used += [tag for each in resources(document, "digitalocean_firewall").values() for tag in each["tags"]]
    for tag in used:
        if not re.fullmatch(r"\$\{digitalocean_tag\.[a-z]+\.id\}", tag):
            yield f"tag {tag} is written out, so it may not be there yet"


def secrets_are_expressions(document: Document) -> Iterator[str]:
    text = json.dumps(document)
    for pattern in (r"BEGIN [A-Z ]*PRIVATE KEY", r"SWMTKN-1-[0-9a-z]{20}", r"dop_v1_", r"tskey-[a-z]"):
        if re.search(pattern, text):
            yield f"{pattern} is in the stack in clear"
    for name, output in document["output"].items():
        secret = re.search(r"secret|password|access_key|private_key_openssh", json.dumps(output["value"]))
        if secret and output.get("sensitive") is not True:
            yield f"output {name} shows a secret"


def workers_cannot_join_as_managers(document: Document) -> Iterator[str]:
    for name, droplet in resources(document, "digitalocean_droplet").items():
        manager = "${digitalocean_tag.manager.id}" in droplet["tags"]
        for key in ("host_key", "join_manager"):
            told = f"tls_private_key.{key}.private_key_openssh" in droplet["user_data"]
            if told is not manager:
                yield f"{name} {'lacks' if manager else 'has'} the private half of {key}"
        if manager and "tls_private_key.worker_host_key.private_key_openssh" in droplet["user_data"]:
            yield f"{name} has the private half of worker_host_key"


RULES: tuple[Rule, ...] = (
    data_is_kept,
    firewalls_open_what_is_meant,
    pages_are_on_the_ingress_node_alone,
    droplets_are_guarded_before_they_are_there,
    edits_replace_no_droplet,
    secrets_are_expressions,
    workers_cannot_join_as_managers,
)
