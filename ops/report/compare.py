"""From two inventories and the actions between them to a report of one stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ops.model.changes import Action, PlannedChange
from ops.model.cost import monthly_cost
from ops.model.image_name import ImageName
from ops.model.inventory import LAYERS, SHARED, Inventory, Resource
from ops.model.service import Service
from ops.model.services import services_by_network, services_of
from ops.report.cloud import danger_of, loss_of
from ops.report.costs import cost_change
from ops.report.items import item_changes
from ops.report.model import ItemChange, LayerReport, ServiceChange, StackReport
from ops.report.services import routes_of, service_change


def compare(
    name: str,
    before: Inventory,
    after: Inventory,
    planned: Mapping[str, PlannedChange],
    *,
    compared_with: str,
    offline: str = "",
    budget: float | None = None,
) -> StackReport:
    """The report of one stack.

    Args:
        budget: what the environment may cost, in US dollars a month.
    """
    access = {**before.access, **after.access}
    planned = {address: _as_readers_see_it(address, what) for address, what in planned.items()}
    old, new = ({each.address: each for each in services_of(stack)} for stack in (before, after))
    clients = _clients(service for address, service in new.items() if address not in planned)
    behind = sorted(
        {route for service in (*old.values(), *new.values()) for route in routes_of(service, access)}
    )
    changes = {
        address: service_change(
            old.get(address),
            new.get(address),
            what,
            access=access,
            planned=planned,
            behind=behind,
            clients=clients.get((new.get(address) or old[address]).name, ()),
        )
        for address, what in planned.items()
        if address in old or address in new
    }
    return StackReport(
        name=name,
        compared_with=compared_with,
        offline=offline,
        counts={action: sum(p.action is action for p in planned.values()) for action in Action},
        dangers=tuple(_dangers(planned, before, after, changes)),
        images=tuple(_images(changes, old, new)),
        layers=tuple(_layers(old, new, changes, item_changes(before, after, planned))),
        sharing={
            network: tuple(sorted({each.name for each in joined}))
            for network, joined in services_by_network(new.values()).items()
        },
        unresolved=tuple(
            sorted((s.name, f"{s.image.name}:{s.image.tag}") for s in new.values() if s.image.is_unresolved)
        ),
        cost=cost_change(monthly_cost(before), monthly_cost(after), budget),
    )


def _clients(services: Iterable[Service]) -> dict[str, list[str]]:
    """Names of the services that connect to each server."""
    found: dict[str, list[str]] = {}
    for service in services:
        for server in service.servers:
            found.setdefault(server, []).append(service.name)
    return found


def _as_readers_see_it(address: str, what: PlannedChange) -> PlannedChange:
    """A config or secret with new content is a new object before the old one goes: for readers, a change."""
    renewed = what.action is Action.REPLACE and address.startswith(("docker_config.", "docker_secret."))
    return PlannedChange(action=Action.CHANGE) if renewed else what


def _layers(
    old: Mapping[str, Service],
    new: Mapping[str, Service],
    changes: Mapping[str, ServiceChange],
    items: Mapping[str, Sequence[ItemChange]],
) -> list[LayerReport]:
    services = {**old, **new}
    names = {service.layer for service in services.values()} | set(items)
    return [
        LayerReport(
            name=layer,
            services=tuple(
                sorted(
                    (changes[a] for a, s in services.items() if s.layer == layer and a in changes),
                    key=lambda c: c.name,
                )
            ),
            items=tuple(items.get(layer, ())),
            unchanged=sum(s.layer == layer and a not in changes for a, s in new.items()),
        )
        for layer in sorted(names, key=_rank)
    ]


def _rank(layer: str) -> tuple[int, str]:
    if layer in LAYERS:
        return LAYERS.index(layer), layer
    return len(LAYERS) + (layer == SHARED), layer


def _dangers(
    planned: Mapping[str, PlannedChange],
    before: Inventory,
    after: Inventory,
    changes: Mapping[str, ServiceChange],
) -> list[str]:
    """What a reviewer must not overlook: lost data, then services that are destroyed or down."""
    found: list[tuple[int, str]] = []
    for address, what in planned.items():
        old, new = before.resources.get(address), after.resources.get(address)
        if old and new and what.action is Action.CHANGE and (loss := loss_of(old, new, before, after)):
            found.append(loss)
        resource = old or new
        if resource is None or what.action not in (Action.DESTROY, Action.REPLACE):
            continue
        if what.unfinished:
            found.append((2, f"droplet {resource.name} is recreated: {', '.join(what.because)}"))
        elif danger := danger_of(resource, what.action, what.because):
            found.append(danger)
        elif resource.type == "docker_volume":
            fate = "destroyed" if what.action is Action.DESTROY else "replaced"
            found.append((0, f"volume {resource.name} is {fate}: its data is lost"))
        elif resource.type == "random_password":
            found.append((1, _password(resource, what)))
        elif address in changes:
            found.append((2, _service(changes[address])))
    return [text for _, text in sorted(found)]


def _password(resource: Resource, what: PlannedChange) -> str:
    fate = "it gets a new value" if what.action is Action.REPLACE else "it is removed"
    return f"generated secret {resource.name}: {fate}; data that needs the old value may become inaccessible"


def _service(change: ServiceChange) -> str:
    if change.action is Action.DESTROY:
        return f"service {change.name} is destroyed"
    reason = f" ({', '.join(change.because)})" if change.because else ""
    return f"service {change.name} is replaced{reason}: down for up to {change.away_s} s (estimate), until the new one is healthy"


def _images(
    changes: Mapping[str, ServiceChange], old: Mapping[str, Service], new: Mapping[str, Service]
) -> list[tuple[str, tuple[str, ...]]]:
    users: dict[tuple[ImageName, ImageName], list[str]] = {}
    for address, change in changes.items():
        was, will = old.get(address), new.get(address)
        if was and will and was.image != will.image:
            users.setdefault((was.image, will.image), []).append(change.name)
    return sorted((arrow(was, will), tuple(sorted(names))) for (was, will), names in users.items())


def arrow(was: ImageName, will: ImageName) -> str:
    """An image change in one line: ``web 1.2 (ab12cd34) -> 1.3 (cd34ef56)``."""
    after = (
        f"{will.tag} ({will.short_digest})"
        if was.name == will.name
        else f"{will.name} {will.tag} ({will.short_digest})"
    )
    return f"{was.name} {was.tag} ({was.short_digest}) -> {after}"
