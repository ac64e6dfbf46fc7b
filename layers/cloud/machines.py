"""The droplets and what they are told when they start."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sprocket_constructs import (
    BlockVolume,
    BlockVolumes,
    Construct,
    Droplet,
    DropletKind,
    DropletPool,
    PrivateNetwork,
    RootKey,
)
from sprocket_constructs import NodeKey as KeyPair

from ..node.node import engine_packages
from ..node.user_data import Cluster, NodeKey, user_data
from ..settings.cloud import Cloud
from ..settings.environment import Environment
from .access import NodeAccess
from .nodes import ClusterNode, engine_version, node_facts, nodes_of, volume_name


class Machines(Construct):
    """All droplets of an environment with their volumes, by pool.

    Args:
        operators: public keys, or expressions of them, by whose they are.
        tailscale_keys: expressions of the keys that managers join the mesh with, by the node's name; none where there is no mesh.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Environment,
        cloud: Cloud,
        network: PrivateNetwork,
        access: NodeAccess,
        operators: Mapping[str, str],
        tailscale_keys: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self._settings = settings
        self._cloud = cloud
        self.nodes = nodes_of(settings)
        self.volumes = BlockVolumes(self, "stores", region=cloud.region)
        self._volumes = {
            store: self.volumes.add(store, name=volume_name(settings, store), gibibytes=gibibytes)
            for store, gibibytes in sorted(cloud.volumes.items())
        }
        self.host_key = KeyPair(self, "host_key")
        """The managers' own: they all answer to it."""
        self.worker_host_key = KeyPair(self, "worker_host_key")
        """The workers', there before the first of them."""
        self._cluster = self._cluster_of(operators)
        self._tailscale_keys = tailscale_keys
        self._root_key = RootKey(self, "root_key", name=f"{settings.name}-root")
        self.droplets: dict[str, Droplet] = {}
        """By name."""
        for pool in settings.nodes:
            self._order(pool, network, access)

    @property
    def ingress(self) -> Droplet:
        """The one that the public address leads to."""
        return next(self.droplets[node.name] for node in self.nodes if node.is_first)

    def _cluster_of(self, operators: Mapping[str, str]) -> Cluster:
        """What all nodes know of each other; sorted, so that an order in the settings means nothing."""
        return Cluster(
            engine_version=engine_version(self._settings),
            engine_packages=engine_packages(self._cloud.image),
            domain=self._settings.domain,
            managers=tuple(sorted(node.dns_name for node in self.nodes if node.role == "manager")),
            vpc_range=self._cloud.vpc_range,
            operators=operators,
            host_key=_halves(self.host_key),
            worker_host_key=_halves(self.worker_host_key),
            join_manager=_halves(KeyPair(self, "join_manager")),
            join_worker=_halves(KeyPair(self, "join_worker")),
        )

    def _order(self, pool: str, network: PrivateNetwork, access: NodeAccess) -> None:
        kind = self._settings.nodes[pool]
        nodes = [node for node in self.nodes if node.pool == pool]
        ordered = DropletPool(
            self,
            pool,
            name=f"{self._settings.name}-{pool}",
            count=kind.count,
            kind=DropletKind(
                size=kind.size or "",
                image=self._cloud.image,
                monitoring=self._cloud.monitoring,
                backups=self._cloud.droplet_backups,
            ),
            network=network,
            root_key=self._root_key,
            firewalls=access.firewalls,
            tags=access.tags_of(nodes[0]),
            volumes=self._volumes_of(nodes[0]),
            user_data=self._user_data_of(nodes),
        )
        self.droplets |= {droplet.name: droplet for droplet in ordered.droplets}

    def _volumes_of(self, node: ClusterNode) -> list[BlockVolume]:
        return [self._volumes[store] for store in node.stores]

    def _user_data_of(self, nodes: Sequence[ClusterNode]) -> Callable[[int], str]:
        by_number = {node.number: node for node in nodes}

        def of(number: int) -> str:
            node = by_number[number]
            cluster = replace(self._cluster, tailscale_key=self._tailscale_keys.get(node.name))
            return user_data(node_facts(self._settings, node), cluster)

        return of


def _halves(pair: KeyPair) -> NodeKey:
    return NodeKey(private=pair.private, public=pair.public)
