"""Tags of the nodes, and the rules that go by them. Both are the environment's own."""

from sprocket_constructs import ANYWHERE, Construct, Firewall, NodeTag, PrivateNetwork

from ..settings.cloud import Cloud
from .nodes import ClusterNode

SSH = 22
PAGES = (80, 443)
SWARM = ((2377, "tcp"), (7946, "tcp"), (7946, "udp"), (4789, "udp"))
"""Management, membership, and the overlay networks' data: for the nodes among themselves."""


class NodeAccess(Construct):
    """Who may reach which node: pages for the world on the ingress node, SSH by an allow-list, the swarm inside."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, cloud: Cloud, network: PrivateNetwork
    ) -> None:
        super().__init__(scope, id_)
        self.everywhere = NodeTag(self, "nodes", name=name)
        """On every node."""
        self._tags = {
            part: NodeTag(self, part, name=f"{name}-{part}") for part in ("manager", "worker", "ingress")
        }
        inside = [network.addresses]
        nodes = Firewall(self, "nodes-firewall", name=f"{name}-nodes", protects=self.everywhere)
        nodes.admits(SSH, sources=[*cloud.access.ssh_from, *inside])
        for port, protocol in SWARM:
            nodes.admits(port, protocol=protocol, sources=inside)
        nodes.admits_ping(sources=inside)
        ingress = Firewall(self, "ingress-firewall", name=f"{name}-ingress", protects=self._tags["ingress"])
        for port in PAGES:
            ingress.admits(port, sources=ANYWHERE)
        self.firewalls = (nodes, ingress)
        """There before any node."""
        self._ingress_pool = cloud.ingress_pool

    def tags_of(self, node: ClusterNode) -> list[NodeTag]:
        """The tags of a node."""
        tags = [self.everywhere, self._tags[node.role]]
        return [*tags, self._tags["ingress"]] if node.pool == self._ingress_pool else tags
