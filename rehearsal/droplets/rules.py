"""The cloud firewall of a droplet as a ruleset of nftables, in a table of its own that Docker never touches.

It stands in the droplet's network namespace before address translation (prerouting, priority mangle), so that it sees
published ports as the outside names them, and after routing (postrouting). DigitalOcean's terms: stateful; what no
rule allows is dropped, in both directions, on the public and the private interface; rules of several firewalls add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from rehearsal.emulator import FirewallRule

TABLE = "inet cloud_firewall"
INTERFACES = '{ "eth0", "eth1" }'
# Not the cloud firewall's business: the metadata service and the box's own images.
LINK_LOCAL = "169.254.0.0/16"
SIDES = {"inbound": ("prerouting", "iifname", "saddr"), "outbound": ("postrouting", "oifname", "daddr")}


def ruleset(rules: tuple[FirewallRule, ...] | None) -> str:
    """Replaces the whole table at once; with None, all is open. For `nft -f`."""
    lines = [f"table {TABLE}", f"delete table {TABLE}"]
    if rules is not None:
        lines += [f"table {TABLE} {{", *(_chain(side, rules) for side in SIDES), "}"]
    return "\n".join(lines) + "\n"


def _chain(side: str, rules: tuple[FirewallRule, ...]) -> str:
    hook, interface, address = SIDES[side]
    allowed = [match for rule in rules if rule.direction == side for match in matches(rule, address)]
    body = [
        f"type filter hook {hook} priority mangle; policy accept;",
        f"{interface} != {INTERFACES} accept",
        "ct state established,related accept",
        f"ip {address} {LINK_LOCAL} accept",
        *(f"{match} accept" for match in dict.fromkeys(allowed)),
        "counter drop",
    ]
    return f"  chain {side} {{\n" + "".join(f"    {line}\n" for line in body) + "  }"


def matches(rule: FirewallRule, address: str) -> Iterator[str]:
    """One match for each IP version that the rule has addresses of; none for a tag that nothing carries."""
    networks = [ip_network(one, strict=False) for one in rule.addresses]
    v4 = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    v6 = collapse_addresses(one for one in networks if isinstance(one, IPv6Network))
    if four := _set(v4):
        yield f"ip {address} {four} {_service(rule, 'icmp')}"
    if six := _set(v6):
        yield f"ip6 {address} {six} {_service(rule, 'ipv6-icmp')}"


def _set(networks: Iterable[IPv4Network | IPv6Network]) -> str:
    found = ", ".join(str(one) for one in networks)
    return f"{{ {found} }}" if found else ""


def _service(rule: FirewallRule, icmp: str) -> str:
    if rule.protocol == "icmp":
        return f"meta l4proto {icmp}"
    if rule.ports == "0":
        return f"meta l4proto {rule.protocol}"
    return f"{rule.protocol} dport {rule.ports}"
