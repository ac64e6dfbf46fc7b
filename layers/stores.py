"""What keeps data on a node: who owns its directory, and the volume that is under it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .errors import SettingsError

if TYPE_CHECKING:
    from sprocket_constructs import SwarmService

    from .settings.environment import Environment

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

_DIRECTORY = re.compile(r"/mnt/([^/]+)(/.*)?")


def owner_of(store: str) -> str:
    """Who (uid:gid) owns a store's directory on its volume."""
    return STORES.get(store, OWNED_BY_ROOT)


def directory_of(store: str) -> str:
    """The store's directory on the node that has its volume."""
    return f"/mnt/{store}/data"


def check_store(settings: Environment, store: str, *, where: str) -> None:
    """Refuses a store that this code does not know, or one that no volume of the environment is under.

    Where an environment orders nothing, whoever made its nodes has mounted the volumes. On one engine Docker makes them.

    Args:
        where: whose data it is, for the message.

    Raises:
        SettingsError: what to add, and where.
    """
    if store not in STORES and store not in settings.store_names:
        raise SettingsError.of(
            f"has no store {store!r}, where {where} keeps data",
            allowed=f"use one of {', '.join(settings.store_names)}",
            fix=f'or add who owns its directory, the uid:gid that the image runs as, such as "{store}": "1000:1000"',
            file="layers/stores.py",
            setting="STORES",
        )
    if settings.cloud is not None and store not in settings.store_names:
        volumes = ", ".join(f"{name}: {size}" for name, size in settings.cloud.volumes.items())
        file = f"{settings.name}.yaml" + (
            f" or {settings.like}.yaml, which it is like" if settings.like else ""
        )
        raise SettingsError.of(
            f"has no volume for store {store!r}, where {where} keeps data: it would be on the node's own disk, and gone with it",
            fix=f"give it its GiB in {file}, such as cloud: {{volumes: {{{volumes}, {store}: 5}}}}",
            file=f"{settings.name}.yaml",
            setting="cloud/volumes",
        )


def check_stores(services: Sequence[SwarmService], settings: Environment) -> None:
    """Refuses directories of services that no volume is under, and volumes in which no service keeps anything.

    Raises:
        SettingsError: which, and what to do.
    """
    if settings.cloud is None:
        return
    used = set()
    for service in services:
        for mount in service.data_mounts:
            if mount.type == "bind" and (match := _DIRECTORY.fullmatch(mount.source)):
                check_store(settings, match[1], where=service.node.path)
                used.add(match[1])
    if unused := sorted(set(settings.cloud.volumes) - used):
        raise SettingsError.of(
            f"has {', '.join(unused)}, and no service keeps data there",
            fix=f'remove it, or have a service store there: service.stores(site.storage(service, "{unused[0]}"), at=..., backup=...)',
            file=f"{settings.name}.yaml",
            setting="cloud/volumes",
        )
