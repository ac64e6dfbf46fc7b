"""Kinds of changes that the guard knows, as an acknowledgement calls them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """A kind of change that another deploy does not undo, or that many people notice."""

    LOST_SECRET = "lost-secret"
    LOST_VOLUME = "lost-volume"
    LOST_DATABASE = "lost-database"
    LOST_DATABASE_USER = "lost-database-user"
    LOST_BUCKET = "lost-bucket"
    LOST_VERSIONS = "lost-versions"
    SHORTER_RETENTION = "shorter-retention"
    BUCKET_POLICY = "bucket-policy"
    LOST_SPACES_KEY = "lost-spaces-key"
    LOST_RECORD = "lost-dns-record"
    LOST_ZONE = "lost-dns-zone"
    LOST_ADDRESS = "lost-address"
    LOST_NETWORK = "lost-private-network"
    ACTIVE_DROPLET = "active-droplet"
    OPENED_PORT = "opened-port"
    WIDER_ACCESS = "wider-access"
    DOWNTIME = "downtime"
    OVER_BUDGET = "over-budget"

    LOST_DROPLET = "lost-droplet"
    DETACHED_VOLUME = "detached-volume"
    IMPOSSIBLE = "impossible"
    UNDECLARED_ROUTE = "undeclared-route"


NEVER: Mapping[Kind, str] = {
    Kind.LOST_DROPLET: "name the droplet with --destroy, or replace it with python -m ops replace-node, which drains it first",
    Kind.DETACHED_VOLUME: "name the store with --moves, after its droplet was shut down",
    Kind.IMPOSSIBLE: "no provider can do it",
    Kind.UNDECLARED_ROUTE: "declare who may use the page: expose_via(access=...)",
}
"""Kinds that no acknowledgement passes, and what is done instead."""
