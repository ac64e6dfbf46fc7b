"""The nodes of an environment, as its settings say them: known before any of them exists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..node.node import ENGINE_VERSION, Node, NodeVolume
from ..settings.environment import Environment
from ..settings.nodes import NodePool
from ..stores import owner_of


@dataclass(frozen=True, kw_only=True)
class ClusterNode:
    """One node.

    Args:
        name: of the droplet and the host, such as ``prod-app-1``.
        dns_name: leads to its address on the private network.
        is_first: makes the swarm when no other manager has one. It is the node with the public address, so that
            writing the pools in another order changes nothing.
        labels: that managers set on it.
        stores: whose volumes it has.
    """

    name: str
    pool: str
    number: int
    role: Literal["manager", "worker"]
    dns_name: str
    is_first: bool
    labels: Mapping[str, str]
    stores: tuple[str, ...]


def nodes_of(settings: Environment) -> tuple[ClusterNode, ...]:
    """All nodes that the environment orders, in the order of its pools; none where there is no cloud."""
    if settings.cloud is None:
        return ()
    first = (settings.cloud.ingress_pool, 1)
    return tuple(
        ClusterNode(
            name=f"{settings.name}-{pool}-{number}",
            pool=pool,
            number=number,
            role=kind.role,
            dns_name=f"{pool}-{number}.nodes.{settings.domain}",
            is_first=(pool, number) == first,
            labels=kind.labels,
            stores=_stores(settings, kind),
        )
        for pool, kind in settings.nodes.items()
        for number in range(1, kind.count + 1)
    )


def boot_order(nodes: Sequence[ClusterNode]) -> tuple[ClusterNode, ...]:
    """In which order they may boot for updates: managers first, the first of them in front, then by name.

    A node keeps the place that it was made with: after a pool whose name comes earlier was added, two can share one until
    the later is replaced.
    """
    return tuple(
        sorted(nodes, key=lambda node: (node.role != "manager", not node.is_first, node.pool, node.number))
    )


def engine_version(settings: Environment) -> str:
    """Pattern of the version that the engine's package has on every node; empty where there is no cloud."""
    return (settings.cloud.engine_version or ENGINE_VERSION) if settings.cloud else ""


def tailscale_key_variable(node: ClusterNode) -> str:
    """The Terraform variable of the key that a manager joins the mesh with, such as ``tailscale_key_app_1``."""
    return f"tailscale_key_{node.pool.replace('-', '_')}_{node.number}"


def volume_name(settings: Environment, store: str) -> str:
    """Name of a store's volume in the account."""
    return f"{settings.name}-{store}"


def node_facts(settings: Environment, node: ClusterNode) -> Node:
    """What a node is told: at its first boot in its user data, and what may change later by a deploy."""
    return Node(
        name=node.name,
        pool=node.pool,
        role=node.role,
        is_first=node.is_first,
        index=boot_order(nodes_of(settings)).index(node),
        labels=dict(sorted(node.labels.items())) if node.role == "manager" else {},
        volumes=tuple(
            NodeVolume(store=store, device_name=volume_name(settings, store), owner=owner_of(store))
            for store in node.stores
        ),
    )


def _stores(settings: Environment, pool: NodePool) -> tuple[str, ...]:
    label = pool.labels.get("storage")
    return tuple(sorted(s for s in settings.store_names if settings.stores.label_of(s) == label))
