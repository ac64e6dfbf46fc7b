"""What people call a resource of Terraform."""

from __future__ import annotations

from ops.model.inventory import Values

_NOUNS = {
    "digitalocean_record": "DNS record",
    "digitalocean_domain": "DNS zone",
    "digitalocean_vpc": "private network",
}


def noun_of(type_: str) -> str:
    """The noun for a type: ``digitalocean_database_cluster`` is a database cluster."""
    return _NOUNS.get(type_) or type_.partition("_")[2].replace("_", " ")


def described(address: str, values: Values) -> str:
    """A resource in words: the noun for its type, and its name or, where it has none, its id in the code."""
    type_, _, id_ = address.partition(".")
    return f"{noun_of(type_)} {values.get('name') or values.get('description') or id_}"


def host_of_record(values: Values) -> str:
    """The whole name of a DNS record, which its own name is only a part of."""
    name, domain = str(values.get("name")), str(values.get("domain"))
    return domain if name == "@" else f"{name}.{domain}"
