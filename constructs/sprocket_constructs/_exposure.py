"""What a service publishes: ports of the node, routes of a gateway, and the labels that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ._cdktf import Construct
from ._checks import no_secrets, set_once
from .errors import ConstructError
from .network import OverlayNetwork
from .placement import Scale
from .update import UpdateOrder, UpdatePolicy


@dataclass(frozen=True, kw_only=True)
class Admission:
    """A gateway's answer to a service that wants a route.

    Args:
        labels: what the service must carry for this route.
        network: the one network that the gateway finds the service on from now on, for all of its routes.
        network_label: name of the label that names that network; its value may change with a further route.
    """

    network: OverlayNetwork
    network_label: str
    labels: Mapping[str, str] = field(default_factory=dict)


class Exposure:
    """Labels and published ports of one service."""

    def __init__(self, service: Construct) -> None:
        self._service = service
        self._labels: dict[str, str] = {}
        self._published: dict[int, int] = {}
        self._found_on: OverlayNetwork | None = None

    @property
    def labels(self) -> dict[str, str]:
        """A copy of the labels."""
        return dict(self._labels)

    @property
    def published(self) -> dict[int, int]:
        """A copy of the published ports: port of the node to port of the task."""
        return dict(self._published)

    def label(self, name: str, value: str) -> None:
        """Sets a label once."""
        no_secrets(self._service, f"label {name}", value)
        set_once(self._service, self._labels, name, value, what=f"label {name}")

    def publish(self, port: int, *, target: int) -> None:
        """Publishes a port once."""
        set_once(self._service, self._published, port, target, what=f"published port {port}")

    def admit(self, admission: Admission) -> OverlayNetwork | None:
        """Takes over the labels of a route and returns the network that the service has to leave for it."""
        for name, value in admission.labels.items():
            self.label(name, value)
        before, self._found_on = self._found_on, admission.network
        self._labels[admission.network_label] = admission.network.name
        return None if before is None or before is admission.network else before


def can_publish(service: Construct, port: int, *, scale: Scale, update: UpdatePolicy) -> None:
    """Refuses a port that a second task would wait for: in host mode the first one holds it."""
    if update.order is not UpdateOrder.STOP_FIRST:
        raise ConstructError(
            service,
            f"publishes port {port} and updates start-first, so a new task would wait for it forever",
            fix="use UpdatePolicy.stop_first()",
        )
    if scale.replicas > 1 and scale.max_per_node != 1:
        raise ConstructError(
            service,
            f"publishes port {port} with {scale.replicas} tasks that may meet on one node",
            fix="use Scale.one_per_node(nodes=...)",
        )
