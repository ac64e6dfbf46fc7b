"""What keeps data on a node, and who owns its directory."""

from __future__ import annotations

STORES = {
    "redis": "999:999",
    "rabbitmq": "100:101",
    "postgres": "70:70",
    "minio": "0:0",
    "influxdb": "1000:1000",
    "grafana": "472:0",
    "loki": "10001:10001",
}
"""Each store, and who (uid:gid of the image) owns its directory on the node.

The programs of Grafana and Loki run as that user from the start and cannot take a directory over: whoever makes the directory
gives it to them. The others do it by themselves. A store that an environment has besides the platform's own is added here, once
for all of them (docs/runbooks/add-a-store.md).
"""

OWNED_BY_ROOT = "0:0"
"""Of directories of stores whose program runs as root: letsencrypt, dgraph."""


def owner_of(store: str) -> str:
    """Who (uid:gid) owns a store's directory on its volume."""
    return STORES.get(store, OWNED_BY_ROOT)


def directory_of(store: str) -> str:
    """The store's directory on the node that has its volume."""
    return f"/mnt/{store}/data"
