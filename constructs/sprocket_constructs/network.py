"""Overlay networks."""

from functools import cached_property

from ._cdktf import Construct, Network


class OverlayNetwork(Construct):
    """An overlay network with an exact name.

    Layers do not make these: a server gets one of its own on the first ``connect_to``, a gateway has one for
    what it routes. Options (MTU, encryption) are not offered: the engine adds its own to the list and the
    provider would replace the network on every plan.

    Args:
        internal: no way out of the swarm (default). A task that is only on internal networks cannot reach the
            internet; see ``SwarmService.reaches_internet``.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, internal: bool = True) -> None:
        super().__init__(scope, id_)
        self.name = name
        self.internal = internal
        self.resource = Network(self, "Resource", name=name, driver="overlay", internal=internal)

    @cached_property
    def network_id(self) -> str:
        """The id, which a service must refer to: by name, the provider replaces the service on every plan."""
        return self.resource.id
