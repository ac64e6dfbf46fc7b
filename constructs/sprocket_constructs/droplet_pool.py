"""Nodes of one kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ._cdktf import Construct
from .block_volumes import BlockVolume
from .droplet import Droplet, DropletKind
from .errors import ConstructError
from .firewall import Firewall
from .node_key import RootKey
from .node_tag import NodeTag
from .private_network import PrivateNetwork


class DropletPool(Construct):
    """``count`` droplets called ``<name>-1``, ``<name>-2``...; Terraform knows them as ``<id>-1``, ``<id>-2``...

    Their addresses in Terraform are made of the pool's id and their number alone: pools can be added, removed and
    written in another order without touching the others. A smaller count takes away the last ones.

    Args:
        user_data: text for a droplet of that number.
        volumes: of a pool of one.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        count: int,
        kind: DropletKind,
        network: PrivateNetwork,
        root_key: RootKey,
        firewalls: Sequence[Firewall],
        tags: Sequence[NodeTag],
        user_data: Callable[[int], str],
        volumes: Sequence[BlockVolume] = (),
    ) -> None:
        super().__init__(scope, id_)
        if count < 1:
            raise ConstructError(self, f"has {count} droplets", fix="use 1 or more, or leave the pool out")
        if volumes and count != 1:
            raise ConstructError(
                self,
                f"has volumes {', '.join(volume.key for volume in volumes)} and {count} droplets",
                fix="a volume is on one droplet only: use 1, and another pool for the others",
            )
        self.droplets = [
            Droplet(
                self,
                f"{id_}-{number}",
                name=f"{name}-{number}",
                kind=kind,
                network=network,
                root_key=root_key,
                firewalls=firewalls,
                tags=tags,
                user_data=user_data(number),
                volumes=volumes,
            )
            for number in range(1, count + 1)
        ]
        """All of them, by their number."""
