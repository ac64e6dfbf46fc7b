"""The platform at a glance, from the synthesized code: its services, layers and connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ops.model.inventory import LAYERS, Inventory
from ops.model.service import ServiceView, view_of


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Services by layer, and who connects to whom (client, server)."""

    layers: dict[str, tuple[ServiceView, ...]]
    edges: tuple[tuple[str, str], ...]
    public: frozenset[str]

    def servers_of(self, client: str) -> list[str]:
        """What a service connects to, sorted."""
        return sorted(server for c, server in self.edges if c == client)


def overview(inventory: Inventory) -> Overview:
    """Reads it from a stack's inventory."""
    views = [view_of(r, inventory, inventory.access) for r in inventory.of_type("docker_service")]
    layers = {layer: tuple(v for v in views if v.layer == layer) for layer in LAYERS}
    exposed = frozenset(view.name for view in views if view.routes)
    return Overview(
        layers={layer: group for layer, group in layers.items() if group},
        edges=tuple(sorted(_edges(views, inventory))),
        public=exposed,
    )


def table(overview: Overview) -> str:
    """The README's table, as markdown."""
    lines = [
        "| layer | service | image | tasks | update | connects to | address |",
        "|---|---|---|---|---|---|---|",
    ]
    for layer, services in overview.layers.items():
        for view in services:
            cells = (
                layer,
                f"`{view.name}`",
                f"{view.image.short_name} {_short_tag(view.image.tag)}",
                str(view.replicas),
                view.order,
                ", ".join(overview.servers_of(view.name)),
                "<br>".join(route.removeprefix("https://") for route in view.routes),
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _edges(views: list[ServiceView], inventory: Inventory) -> Iterator[tuple[str, str]]:
    """A server's own network hangs on its construct; whoever else is on it is its client."""
    owners = {view.path: view.name for view in views}
    for network in inventory.of_type("docker_network"):
        server = owners.get(network.owner.removesuffix("/network"))
        if server is None or not network.owner.endswith("/network"):
            continue
        for view in views:
            if view.name != server and any(
                name.partition(" as ")[0] == network.name for name in view.networks
            ):
                yield view.name, server


def _short_tag(tag: str) -> str:
    return tag if len(tag) <= 24 else f"{tag[:23]}…"
