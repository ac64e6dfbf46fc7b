"""Every store has a volume, and every volume a store."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sprocket_constructs import SwarmService

from .errors import SettingsError
from .settings.environment import Environment
from .stores import STORES

_DIRECTORY = re.compile(r"/mnt/([^/]+)(/.*)?")


def check_store(settings: Environment, store: str, *, where: str) -> None:
    """Refuses a store that this code does not know, or one that has no volume in the environment.

    Where an environment orders no nodes, the volumes are mounted by whoever set up the nodes. On one engine Docker makes them.

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
            f"has no volume for store {store!r}, where {where} keeps data: the data would be on the node's own disk, and be lost with the node",
            fix=f"give it its GiB in {file}, such as cloud: {{volumes: {{{volumes}, {store}: 5}}}}",
            file=f"{settings.name}.yaml",
            setting="cloud/volumes",
        )


def check_stores(services: Sequence[SwarmService], settings: Environment) -> None:
    """Refuses directories of services that have no volume, and volumes in which no service keeps anything.

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
