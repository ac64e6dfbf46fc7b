"""What a stack costs a month by list price, from what it orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ops.model.inventory import Inventory, Resource, one
from ops.model.noun import noun_of
from ops.model.prices import Prices, prices

FREE = frozenset(
    f"digitalocean_{name}"
    for name in (
        "certificate",
        "database_connection_pool",
        "database_db",
        "database_firewall",
        "database_postgresql_config",
        "database_user",
        "domain",
        "firewall",
        "monitor_alert",
        "project",
        "project_resources",
        "record",
        "reserved_ip_assignment",
        "spaces_bucket_cors_configuration",
        "spaces_bucket_object",
        "spaces_bucket_policy",
        "spaces_key",
        "ssh_key",
        "tag",
        "uptime_alert",
        "volume_attachment",
        "vpc",
    )
)
"""What DigitalOcean's price list has no entry for: parts and settings of what it does charge for."""

BUCKET = "digitalocean_spaces_bucket"


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One thing on the bill.

    Attributes:
        what: its kind and name, such as ``droplet prod-app-1``.
        detail: what the price depends on, such as its size.
        dollars: US dollars a month; ``None`` where no price is known.
    """

    what: str
    detail: str
    dollars: float | None


@dataclass(frozen=True, kw_only=True)
class Cost:
    """All that is on the bill of a stack, the dearest first."""

    charges: tuple[Charge, ...] = ()

    @property
    def dollars(self) -> float:
        """US dollars a month for all that has a known price."""
        return round(sum(charge.dollars or 0 for charge in self.charges), 2)

    @property
    def unpriced(self) -> tuple[Charge, ...]:
        """What has no known price, and is therefore not in the sum."""
        return tuple(charge for charge in self.charges if charge.dollars is None)


def monthly_cost(inventory: Inventory, table: Prices | None = None) -> Cost:
    """What DigitalOcean asks for the resources of a stack each month; nothing for a stack of services.

    Args:
        table: by default that of the repository.
    """
    known = table or prices()
    charges = [charge for each in inventory.resources.values() for charge in _charges(each, known)]
    buckets = inventory.of_type(BUCKET)
    if buckets:
        names = ", ".join(bucket.name for bucket in buckets)
        charges.append(Charge(what="spaces", detail=names, dollars=known.spaces.an_account))
    return Cost(charges=tuple(sorted(charges, key=lambda each: (-(each.dollars or 0), each.what))))


def _charges(resource: Resource, table: Prices) -> Iterator[Charge]:
    if not resource.type.startswith("digitalocean_") or resource.type in FREE or resource.type == BUCKET:
        return
    what = f"{noun_of(resource.type)} {resource.name}"
    priced = _PRICED.get(resource.type)
    detail, dollars = priced(resource, table) if priced else ("", None)
    yield Charge(what=what, detail=detail, dollars=dollars)
    if resource.type == "digitalocean_droplet" and resource.values.get("backups"):
        plan = str(one(resource.values.get("backup_policy")).get("plan") or "weekly")
        percent = table.droplet_backups.percent.get(plan)
        of_it = None if dollars is None or percent is None else round(dollars * percent / 100, 2)
        yield Charge(what=f"backups of {what}", detail=plan, dollars=of_it)


def _droplet(resource: Resource, table: Prices) -> tuple[str, float | None]:
    size = str(resource.values.get("size"))
    return size, table.droplets.a_month.get(size)


def _volume(resource: Resource, table: Prices) -> tuple[str, float | None]:
    size = resource.values.get("size")
    if isinstance(size, bool) or not isinstance(size, int | float):
        return str(size), None
    return f"{size:g} GiB", round(size * table.volumes.a_gib, 2)


def _database(resource: Resource, table: Prices) -> tuple[str, float | None]:
    size, nodes = str(resource.values.get("size")), int(resource.values.get("node_count") or 1)
    price = table.databases.a_node.get(size)
    return f"{size} x {nodes}", None if price is None else round(price * nodes, 2)


def _reserved_ip(resource: Resource, table: Prices) -> tuple[str, float | None]:
    return "assigned", table.reserved_ips.assigned


def _uptime_check(resource: Resource, table: Prices) -> tuple[str, float | None]:
    return str(resource.values.get("target", "")), table.uptime_checks.a_check


_PRICED: Mapping[str, Callable[[Resource, Prices], tuple[str, float | None]]] = {
    "digitalocean_droplet": _droplet,
    "digitalocean_volume": _volume,
    "digitalocean_database_cluster": _database,
    "digitalocean_reserved_ip": _reserved_ip,
    "digitalocean_uptime_check": _uptime_check,
}
