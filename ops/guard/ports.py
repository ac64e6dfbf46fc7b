"""Ports that more can reach: rules of firewalls, and ports that services publish."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from ops.guard.approvals import Approvals
from ops.guard.references import named
from ops.guard.rule import Loss
from ops.guard.stack_change import StackChange
from ops.model.changes import DROPLET, Action, ResourceChange
from ops.model.inventory import Inventory, Values

FIREWALL = "digitalocean_firewall"
DATABASE_FIREWALL = "digitalocean_database_firewall"
CLUSTER = "digitalocean_database_cluster"

WEB = (80, 443)
"""Traefik's, open to the world in each environment."""

LATER = "an address that only the apply will tell"

_PEERS: Mapping[str, str] = {
    "source_addresses": "",
    "source_tags": "tag ",
    "source_droplet_ids": "droplet ",
    "source_load_balancer_uids": "load balancer ",
    "source_kubernetes_ids": "Kubernetes cluster ",
}


@dataclass(frozen=True, kw_only=True, order=True)
class Opening:
    """What a rule lets in: a protocol, a range of ports, from one peer."""

    protocol: str
    first: int
    last: int
    peer: str

    def covers(self, other: Opening) -> bool:
        """Whether it lets in all that the other one does."""
        fits = self.first <= other.first and other.last <= self.last
        return self.protocol == other.protocol and fits and _contains(self.peer, other.peer)

    def __str__(self) -> str:
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        what = self.protocol if self.protocol == "icmp" else f"{self.protocol} {ports}"
        return f"{what} from {self.peer}"


def ports(stack: StackChange, approvals: Approvals) -> Iterator[Loss]:
    """Ports that were closed before. What is made for the first time opens nothing that runs."""
    yield from _of_droplets(stack)
    yield from _of_databases(stack)
    yield from _of_services(stack)


def _of_droplets(stack: StackChange) -> Iterator[Loss]:
    before, after = _by_target(stack.before), _by_target(stack.after)
    for change in stack.of_type(FIREWALL):
        old, new = change.before or {}, change.after or {}
        for target in sorted(_targets(new, stack.after)):
            had = before.get(target)
            wanted = [*_openings(new, stack.after), *_unknown(change)]
            opened = [] if had is None else [o for o in wanted if not any(h.covers(o) for h in had)]
            for opening in sorted(set(opened)):
                yield Loss(
                    about=f"{change.address}: {opening}",
                    what=f"firewall {new.get('name')} would let in {opening} to droplets of {target}",
                )
        open_now = _targets(old, stack.before) - after.keys() if stack.after.of_type(DROPLET) else set()
        for target in sorted(open_now):
            yield Loss(
                about=f"{change.address}: {target}",
                what=f"firewall {old.get('name')} would no longer protect droplets of {target}: all their ports would be open",
            )


def _by_target(inventory: Inventory) -> dict[str, list[Opening]]:
    found: dict[str, list[Opening]] = {}
    for firewall in inventory.of_type(FIREWALL):
        for target in _targets(firewall.values, inventory):
            found.setdefault(target, []).extend(_openings(firewall.values, inventory))
    return found


def _targets(values: Values, inventory: Inventory) -> set[str]:
    tags = {f"tag {named(tag, inventory)}" for tag in values.get("tags") or []}
    return tags | {f"id {named(id_, inventory)}" for id_ in values.get("droplet_ids") or []}


def _openings(values: Values, inventory: Inventory) -> Iterator[Opening]:
    for rule in values.get("inbound_rule") or []:
        first, last = _range(str(rule.get("port_range") or ""))
        for key, word in _PEERS.items():
            for peer in rule.get(key) or []:
                yield Opening(
                    protocol=str(rule.get("protocol")),
                    first=first,
                    last=last,
                    peer=f"{word}{named(peer, inventory)}",
                )


def _unknown(change: ResourceChange) -> Iterator[Opening]:
    """Of rules with a source that only the apply will tell."""
    rules = (change.after or {}).get("inbound_rule") or []
    marks = change.unknown.get("inbound_rule")
    for rule, mark in zip(rules, marks if isinstance(marks, list) else [], strict=False):
        if isinstance(mark, Mapping) and any(_holds(mark.get(key)) for key in _PEERS):
            first, last = _range(str(rule.get("port_range") or ""))
            yield Opening(protocol=str(rule.get("protocol")), first=first, last=last, peer=LATER)


def _holds(mark: object) -> bool:
    return mark is True or (isinstance(mark, list) and True in mark)


def _range(text: str) -> tuple[int, int]:
    """As DigitalOcean writes it: ``22``, ``8000-9000``; ``all``, ``0`` and nothing are every port."""
    first, _, last = text.partition("-")
    if not first.isdigit() or first == "0":
        return 1, 65535
    return int(first), int(last or first)


def _contains(network: str, other: str) -> bool:
    if network == other:
        return True
    try:
        outer, inner = ip_network(network, strict=False), ip_network(other, strict=False)
    except ValueError:
        return False
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of one version


def _of_databases(stack: StackChange) -> Iterator[Loss]:
    clusters = bool(stack.after.of_type(CLUSTER))
    for change in stack.of_type(DATABASE_FIREWALL):
        if change.planned.action is Action.ADD:
            continue
        if change.planned.action is Action.DESTROY:
            if clusters:
                what = "the database's list of who may connect would be gone: everyone could"
                yield Loss(about=change.address, what=what)
            continue
        had = _trusted(change.before or {}, stack.before)
        for peer in sorted(_trusted(change.after or {}, stack.after) - had):
            yield Loss(about=f"{change.address}: {peer}", what=f"the database would let in {peer}")


def _trusted(values: Values, inventory: Inventory) -> set[str]:
    rules = values.get("rule") or []
    return {f"{rule.get('type')} {named(rule.get('value') or LATER, inventory)}" for rule in rules}


def _of_services(stack: StackChange) -> Iterator[Loss]:
    before, after = stack.services
    if not before:
        return
    had = {port.published for service in before.values() for port in service.published}
    for service in after.values():
        for port in service.published:
            if port.published not in had and port.published not in WEB:
                yield Loss(
                    about=f"{service.address}: {port.published}",
                    what=f"service {service.name} would publish port {port.published} on its nodes",
                )
