"""What a service connects to: its own network, those of others, and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._cdktf import Construct
from .errors import stated
from .network import OverlayNetwork


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A network that the service is on, and the further names it has there."""

    network: OverlayNetwork
    aliases: tuple[str, ...] = ()


class Networks:
    """The networks that one service is on.

    Args:
        service: scope of the networks that the service owns.
        name: the service's name, which its own networks begin with.
        alias: its name on its own network, where that is another one.
    """

    def __init__(self, service: Construct, *, name: str, alias: str) -> None:
        self._service = service
        self._name = name
        self._aliases = () if alias == name else (alias,)
        self._own: OverlayNetwork | None = None
        self._attachments: dict[str, Attachment] = {}
        self._internet_reasons: dict[str, None] = {}

    @property
    def own(self) -> OverlayNetwork:
        """The service's own network, which its clients join; made on first use."""
        if self._own is None:
            self._own = OverlayNetwork(self._service, "network", name=f"{self._name}-net")
            self.join(self._own, aliases=self._aliases)
        return self._own

    @property
    def has_own(self) -> bool:
        """Whether anybody connects to the service."""
        return self._own is not None

    @property
    def attachments(self) -> dict[str, Attachment]:
        """A copy of all attachments, by the network's name."""
        return dict(self._attachments)

    @property
    def internet_reasons(self) -> tuple[str, ...]:
        """Why the service has a way out of the swarm; empty where it has none."""
        return tuple(self._internet_reasons)

    def join(self, network: OverlayNetwork, *, aliases: Sequence[str] = ()) -> None:
        """Attaches to a network; joining again adds aliases."""
        before = self._attachments.get(network.name)
        names = tuple(dict.fromkeys((*(before.aliases if before else ()), *aliases)))
        self._attachments[network.name] = Attachment(network=network, aliases=names)

    def leave(self, network: OverlayNetwork) -> None:
        """Detaches from a network."""
        del self._attachments[network.name]

    def join_any(self) -> None:
        """Attaches a service that is on no network to its own."""
        if not self._attachments:
            self.join(self.own)

    def reach_internet(self, because: str) -> None:
        """Attaches to a network with a way out, one for all reasons."""
        reason = stated(because)
        if not self._internet_reasons:
            self.join(OverlayNetwork(self._service, "egress", name=f"{self._name}-egress", internal=False))
        self._internet_reasons[reason] = None
