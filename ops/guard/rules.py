"""The guard's table: one row for each kind of change that it stops."""

from __future__ import annotations

from layers.cloud.protected import STEPS
from ops.guard import buckets, cost, destroyed, droplets, pages, ports
from ops.guard.kind import NEVER, Kind
from ops.guard.rule import Rule

UNDO = "undo the edit that causes it"
DESTROY = f"{UNDO}; if the loss is intended, follow {STEPS}"

RULES: tuple[Rule, ...] = (
    Rule(
        kind=Kind.LOST_SECRET,
        reads="random_* and tls_* destroyed or replaced",
        losses=destroyed.secrets,
        fix=f"{UNDO}; to renew a value on purpose: python -m ops rotate (docs/runbooks/rotate-a-secret.md)",
        typed_here=True,
    ),
    Rule(
        kind=Kind.LOST_VOLUME,
        reads="digitalocean_volume and docker_volume destroyed or replaced",
        losses=destroyed.volumes,
        fix=DESTROY,
        typed_here=True,
    ),
    Rule(
        kind=Kind.LOST_DATABASE,
        reads="digitalocean_database_cluster and digitalocean_database_db destroyed or replaced",
        losses=destroyed.protected("digitalocean_database_cluster", "digitalocean_database_db"),
        fix=DESTROY,
    ),
    Rule(
        kind=Kind.LOST_DATABASE_USER,
        reads="digitalocean_database_user destroyed or replaced",
        losses=destroyed.gone(
            "database user",
            "its password is lost, nobody can sign in with it, and what it owns needs another owner first",
            "digitalocean_database_user",
        ),
        fix=UNDO,
    ),
    Rule(
        kind=Kind.LOST_BUCKET,
        reads="digitalocean_spaces_bucket destroyed or replaced",
        losses=destroyed.protected("digitalocean_spaces_bucket"),
        fix=DESTROY,
    ),
    Rule(
        kind=Kind.LOST_VERSIONS,
        reads="versioning of a digitalocean_spaces_bucket",
        losses=buckets.versions,
        fix="keep versioning enabled",
    ),
    Rule(
        kind=Kind.SHORTER_RETENTION,
        reads="days in lifecycle_rule of a digitalocean_spaces_bucket",
        losses=buckets.retention,
        fix="keep the days, or copy first what is still needed",
    ),
    Rule(
        kind=Kind.BUCKET_POLICY,
        reads="digitalocean_spaces_bucket_policy, and acl of a digitalocean_spaces_bucket",
        losses=buckets.policies,
        fix=UNDO,
    ),
    Rule(
        kind=Kind.LOST_SPACES_KEY,
        reads="digitalocean_spaces_key destroyed or replaced",
        losses=destroyed.gone(
            "Spaces key",
            "it is revoked at once, and its users have no access until they are deployed with another one",
            "digitalocean_spaces_key",
        ),
        fix=UNDO,
    ),
    Rule(
        kind=Kind.LOST_RECORD,
        reads="digitalocean_record: a type and a name that no record has afterwards",
        losses=destroyed.records,
        fix="keep the record as long as anybody uses the name",
    ),
    Rule(
        kind=Kind.LOST_ZONE,
        reads="digitalocean_domain destroyed or replaced",
        losses=destroyed.protected("digitalocean_domain"),
        fix=DESTROY,
    ),
    Rule(
        kind=Kind.LOST_ADDRESS,
        reads="digitalocean_reserved_ip destroyed or replaced",
        losses=destroyed.protected("digitalocean_reserved_ip"),
        fix=DESTROY,
    ),
    Rule(
        kind=Kind.LOST_NETWORK,
        reads="digitalocean_vpc destroyed or replaced",
        losses=destroyed.protected("digitalocean_vpc"),
        fix=DESTROY,
    ),
    Rule(
        kind=Kind.LOST_DROPLET,
        reads="digitalocean_droplet destroyed or replaced",
        losses=droplets.droplets,
        fix=NEVER[Kind.LOST_DROPLET],
    ),
    Rule(
        kind=Kind.ACTIVE_DROPLET,
        reads="digitalocean_droplet that is tainted, and whose status is active",
        losses=droplets.active_droplets,
        fix=UNDO,
    ),
    Rule(
        kind=Kind.DETACHED_VOLUME,
        reads="volume_ids of a digitalocean_droplet that stays",
        losses=droplets.detached_volumes,
        fix=f"undo the edit; to move the store, follow {droplets.MOVE}",
    ),
    Rule(
        kind=Kind.IMPOSSIBLE,
        reads="size of a digitalocean_volume, name of a digitalocean_spaces_bucket",
        losses=destroyed.impossible,
        fix=UNDO,
    ),
    Rule(
        kind=Kind.OPENED_PORT,
        reads="digitalocean_firewall, digitalocean_database_firewall, and ports that a docker_service publishes",
        losses=ports.ports,
        fix="leave it closed: services reach each other by their networks, people by Traefik or ssh",
        only_elsewhere=True,
    ),
    Rule(
        kind=Kind.UNDECLARED_ROUTE,
        reads="routers in the labels of a docker_service, beside the output addresses",
        losses=pages.undeclared_routes,
        fix=NEVER[Kind.UNDECLARED_ROUTE],
    ),
    Rule(
        kind=Kind.WIDER_ACCESS,
        reads="the output addresses",
        losses=pages.wider_access,
        fix="keep the access that the page has",
        only_elsewhere=True,
    ),
    Rule(
        kind=Kind.DOWNTIME,
        reads="docker_service with a public page, or that publishes 80 and 443",
        losses=pages.downtime,
        fix="make the change in steps that keep the page served, or choose a time and tell its users",
        only_elsewhere=True,
    ),
    Rule(
        kind=Kind.OVER_BUDGET,
        reads="list prices of all that is ordered, beside budget in the environment's file",
        losses=cost.above_budget,
        fix="order less, or raise budget in the environment's file (docs/runbooks/cost.md)",
    ),
)
"""Versions of stores and of the database cluster have a table of their own: layers/data/upgrades.py."""
