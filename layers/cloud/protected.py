"""What is lost for good when it is destroyed or replaced, and therefore has ``prevent_destroy``: one table of it.

Its readers: the guard in front of an apply, the dangers of a report, and the way out of a plan that Terraform refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Protected:
    """Why a resource of one type cannot be recovered.

    Args:
        noun: what people call it.
        lost: what goes with it.
        destroyed: what it means that it is gone.
        replaced: what it means that there is another one in its place.
    """

    noun: str
    lost: str
    destroyed: str
    replaced: str


PROTECTED: Mapping[str, Protected] = {
    "digitalocean_volume": Protected(
        noun="volume",
        lost="the data of a store",
        destroyed="all data on it is lost",
        replaced="a new, empty volume: all data on the old one is lost",
    ),
    "digitalocean_database_cluster": Protected(
        noun="database cluster",
        lost="the managed database",
        destroyed="all its databases are lost",
        replaced="a new, empty cluster: all databases are lost",
    ),
    "digitalocean_database_db": Protected(
        noun="database",
        lost="a database",
        destroyed="its tables are lost",
        replaced="a new, empty one: its tables are lost",
    ),
    "digitalocean_spaces_bucket": Protected(
        noun="bucket",
        lost="a bucket",
        destroyed="its objects are lost",
        replaced="a new, empty one: its objects are lost",
    ),
    "digitalocean_reserved_ip": Protected(
        noun="reserved address",
        lost="the public address",
        destroyed="the address is released and cannot be claimed again: DNS and allow-lists of others name it",
        replaced="another address: DNS and allow-lists of others name the old one",
    ),
    "digitalocean_domain": Protected(
        noun="DNS zone",
        lost="the DNS zone with all records in it",
        destroyed="every record of the zone is deleted, also those of others",
        replaced="every record of the zone is deleted",
    ),
    "digitalocean_vpc": Protected(
        noun="private network",
        lost="the private network, and with it every node",
        destroyed="no droplet or database can be in it then",
        replaced="every droplet and database in it is recreated",
    ),
}
"""By Terraform's type."""

STEPS = "docs/runbooks/destroy-data.md"
"""The runbook for an intended loss: back up, remove it from the state, deploy, delete it by hand."""
