"""The platform at a glance, from the synthesized code: its services, layers and connections."""

from __future__ import annotations

from dataclasses import dataclass

from ops.model.inventory import LAYERS, Inventory
from ops.model.service import Service
from ops.model.services import services_of
from ops.report.services import routes_of


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Services by layer, and the addresses of each with who may use them."""

    layers: dict[str, tuple[Service, ...]]
    routes: dict[str, list[str]]

    @property
    def servers(self) -> list[str]:
        """Every service that another one connects to."""
        return sorted({server for group in self.layers.values() for each in group for server in each.servers})


def overview(inventory: Inventory) -> Overview:
    """Reads it from a stack's inventory."""
    services = services_of(inventory)
    layers = {layer: tuple(each for each in services if each.layer == layer) for layer in LAYERS}
    return Overview(
        layers={layer: group for layer, group in layers.items() if group},
        routes={each.name: routes_of(each, inventory.access) for each in services},
    )


def table(overview: Overview) -> str:
    """The table of docs/services.md."""
    lines = [
        "| layer | service | image | tasks | update | connects to | address |",
        "|---|---|---|---|---|---|---|",
    ]
    for layer, services in overview.layers.items():
        for service in services:
            cells = (
                layer,
                f"`{service.name}`",
                f"{service.image.short_name} {_short_tag(service.image.tag)}",
                str(service.replicas),
                service.order,
                ", ".join(service.servers),
                "<br>".join(route.removeprefix("https://") for route in overview.routes[service.name]),
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _short_tag(tag: str) -> str:
    return tag if len(tag) <= 24 else f"{tag[:23]}…"
