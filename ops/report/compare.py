"""From two inventories and the actions between them to a report of one stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ops.model.changes import NEVER_CAME_UP, Action, PlannedChange
from ops.model.inventory import LAYERS, SHARED, Inventory, Resource
from ops.model.service import ImageName, ServiceView, view_of
from ops.report.cloud import danger_of, loss_of
from ops.report.items import item_changes
from ops.report.model import ItemChange, LayerReport, ServiceChange, StackReport
from ops.report.services import service_change


def compare(
    name: str,
    before: Inventory,
    after: Inventory,
    planned: Mapping[str, PlannedChange],
    *,
    compared_with: str,
    offline: str = "",
) -> StackReport:
    """The report of one stack."""
    access = {**before.access, **after.access}
    planned = {address: _softened(address, what) for address, what in planned.items()}
    old = _views(before, access)
    new = _views(after, access)
    changes = {
        address: service_change(
            old.get(address), new.get(address), what, before=before, after=after, planned=planned
        )
        for address, what in planned.items()
        if address in old or address in new
    }
    views = {**old, **new}
    return StackReport(
        name=name,
        compared_with=compared_with,
        offline=offline,
        counts={action: sum(p.action is action for p in planned.values()) for action in Action},
        dangers=tuple(_dangers(planned, before, after, changes)),
        images=tuple(_images(changes, old, new)),
        layers=tuple(_layers(views, new, changes, item_changes(before, after, planned))),
        sharing=_sharing(new.values()),
        unresolved=tuple(
            sorted((v.name, f"{v.image.name}:{v.image.tag}") for v in new.values() if v.image.is_unresolved)
        ),
    )


def _softened(address: str, what: PlannedChange) -> PlannedChange:
    """A config or secret with new content is a new object before the old one goes: for readers, a change."""
    renewed = what.action is Action.REPLACE and address.startswith(("docker_config.", "docker_secret."))
    return PlannedChange(action=Action.CHANGE) if renewed else what


def _views(inventory: Inventory, access: Mapping[str, str]) -> dict[str, ServiceView]:
    return {r.address: view_of(r, inventory, access) for r in inventory.of_type("docker_service")}


def _layers(
    views: Mapping[str, ServiceView],
    new: Mapping[str, ServiceView],
    changes: Mapping[str, ServiceChange],
    items: Mapping[str, Sequence[ItemChange]],
) -> list[LayerReport]:
    names = {view.layer for view in views.values()} | set(items)
    return [
        LayerReport(
            name=layer,
            services=tuple(
                sorted(
                    (changes[a] for a, v in views.items() if v.layer == layer and a in changes),
                    key=lambda c: c.name,
                )
            ),
            items=tuple(items.get(layer, ())),
            unchanged=sum(v.layer == layer and a not in changes for a, v in new.items()),
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
    """What a reviewer must not overlook: lost data, then services that go or are away."""
    found: list[tuple[int, str]] = []
    for address, what in planned.items():
        old, new = before.resources.get(address), after.resources.get(address)
        if old and new and what.action is Action.CHANGE and (loss := loss_of(old, new, before, after)):
            found.append(loss)
        resource = old or new
        if resource is None or what.action not in (Action.DESTROY, Action.REPLACE):
            continue
        if what.because == (NEVER_CAME_UP,):
            found.append((2, f"droplet {resource.name} is made anew: {NEVER_CAME_UP}"))
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
    fate = "a new value is made" if what.action is Action.REPLACE else "it is forgotten"
    return (
        f"generated secret {resource.name}: {fate}; data that was opened with the old one may not open again"
    )


def _service(change: ServiceChange) -> str:
    if change.action is Action.DESTROY:
        return f"service {change.name} is destroyed"
    reason = f" ({', '.join(change.because)})" if change.because else ""
    return f"service {change.name} is replaced{reason}: away up to {change.away_s} s (estimate), until the new one is healthy"


def _images(
    changes: Mapping[str, ServiceChange], old: Mapping[str, ServiceView], new: Mapping[str, ServiceView]
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


def _sharing(views: Iterable[ServiceView]) -> dict[str, tuple[str, ...]]:
    members: dict[str, set[str]] = {}
    for view in views:
        for network in view.networks:
            members.setdefault(network.partition(" as ")[0], set()).add(view.name)
    return {network: tuple(sorted(names)) for network, names in sorted(members.items())}
