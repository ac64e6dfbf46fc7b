"""Which traffic may reach the nodes."""

from __future__ import annotations

from collections.abc import Sequence

from ._cdktf import Construct
from ._cdktf.cloud import FirewallInboundRule, FirewallOutboundRule, FirewallResource
from .errors import ConstructError
from .node_tag import NodeTag

ANYWHERE = ("0.0.0.0/0", "::/0")
"""Every IPv4 and IPv6 address."""


class Firewall(Construct):
    """A cloud firewall for all nodes of a tag: only what is allowed may come in, everything may go out.

    Args:
        name: unique in the account.
        protects: nodes of this tag.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, protects: NodeTag) -> None:
        super().__init__(scope, id_)
        self.protects = protects
        self._inbound: list[FirewallInboundRule] = []
        self.resource = FirewallResource(
            self,
            "Resource",
            name=name,
            tags=[protects.reference],
            # A firewall without outbound rules lets nothing out.
            outbound_rule=[
                FirewallOutboundRule(protocol="icmp", destination_addresses=list(ANYWHERE)),
                *(
                    FirewallOutboundRule(
                        protocol=protocol, port_range="1-65535", destination_addresses=list(ANYWHERE)
                    )
                    for protocol in ("tcp", "udp")
                ),
            ],
        )
        self.resource.override_logical_id(id_)

    def admits(self, port: int, *, protocol: str = "tcp", sources: Sequence[str]) -> None:
        """Allows traffic to a port.

        Args:
            protocol: ``tcp`` or ``udp``.
            sources: addresses and networks; :data:`ANYWHERE` for the world.
        """
        if protocol not in ("tcp", "udp"):
            raise ConstructError(self, f"protocol {protocol!r} has no ports", fix="use tcp or udp")
        self._admit(
            sources,
            FirewallInboundRule(protocol=protocol, port_range=str(port), source_addresses=list(sources)),
        )

    def admits_ping(self, *, sources: Sequence[str]) -> None:
        """Allows ICMP, which also tells senders when a packet is too large."""
        self._admit(sources, FirewallInboundRule(protocol="icmp", source_addresses=list(sources)))

    def _admit(self, sources: Sequence[str], rule: FirewallInboundRule) -> None:
        if not sources:
            raise ConstructError(
                self,
                "has a rule without a source",
                fix="name a source or remove the rule",
            )
        self._inbound.append(rule)
        self.resource.put_inbound_rule(self._inbound)
