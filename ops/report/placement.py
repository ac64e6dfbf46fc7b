"""From settings and inventories to the topology: which node each service is placed on, and what changes there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from layers.cloud.nodes import nodes_of, volume_name
from layers.settings.environment import Environment
from ops.model.changes import DROPLET, Action, PlannedChange
from ops.model.constraint import DescribedNode, all_met
from ops.model.inventory import LAYERS, Inventory, Resource
from ops.model.noun import noun_of
from ops.model.service import Service
from ops.model.services import services_by_network, services_of
from ops.report.cloud import note_of
from ops.report.model import ServiceChange, StackReport
from ops.report.services import routes_of
from ops.report.topology import Member, Network, Part, PlacedNode, PlacedService, Topology

_VOLUMES = ("digitalocean_volume", "docker_volume")
_BESIDE = ("digitalocean_database_cluster", "digitalocean_spaces_bucket", "digitalocean_reserved_ip")

ANY = "any node"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A stack with what its report was made from."""

    report: StackReport
    before: Inventory
    after: Inventory
    planned: Mapping[str, PlannedChange]

    @cached_property
    def services(self) -> tuple[list[Service], list[Service]]:
        """All before and all after."""
        return services_of(self.before), services_of(self.after)

    @property
    def resources(self) -> dict[str, Resource]:
        """All by address, those that go included."""
        return {**self.before.resources, **self.after.resources}

    def of_type(self, *types: str) -> Iterator[tuple[Resource, Action | None]]:
        """Resources of some types with what happens to each."""
        for address, resource in self.resources.items():
            if resource.type in types:
                change = self.planned.get(address)
                yield resource, change.action if change else None


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A node that is, or will be.

    Args:
        described: what constraints ask of it.
    """

    name: str
    detail: str
    described: DescribedNode
    stores: tuple[str, ...]

    def takes(self, service: Service) -> bool:
        """Whether the service may run here. What is not known excludes no node."""
        return all_met(service.constraints, self.described) is not False


def topology_of(settings: Environment, stacks: Sequence[Compared]) -> Topology:
    """The platform after a change, from all stacks of an environment that were compared."""
    places = _places(settings)
    services = [placed for stack in stacks for placed in _services(stack)]
    by_place: dict[str, list[PlacedService]] = {place.name: [] for place in places}
    anywhere: list[PlacedService] = []
    for service, placed in sorted(services, key=lambda pair: _rank(pair[1])):
        found = [place.name for place in places if place.takes(service)]
        if len(found) > 1 and not (service.max_per_node == 1 and service.replicas >= len(found)):
            anywhere.append(placed)
        else:
            for name in found or [places[0].name]:
                by_place[name].append(placed)
    volumes = list(_volumes(settings, places, stacks))
    droplets = {each.name: (each, action) for stack in stacks for each, action in stack.of_type(DROPLET)}
    nodes = [
        PlacedNode(
            name=place.name,
            detail=place.detail,
            action=droplets[place.name][1] if place.name in droplets else None,
            services=tuple(by_place[place.name]),
            volumes=tuple(part for where, part in volumes if where == place.name),
        )
        for place in places
    ]
    for name, (droplet, action) in droplets.items():
        if name not in by_place:
            nodes.append(PlacedNode(name=name, detail=str(droplet.values.get("size")), action=action))
    if anywhere:
        nodes.append(PlacedNode(name=ANY, detail="placed by the swarm", services=tuple(anywhere)))
    return Topology(
        nodes=tuple(nodes),
        networks=tuple(network for stack in stacks for network in _networks(stack)),
        beside=tuple(_beside(stacks)),
    )


def _places(settings: Environment) -> list[_Place]:
    known = nodes_of(settings)
    if known:
        return [
            _Place(
                name=node.name,
                detail=f"{settings.nodes[node.pool].size}, {node.role}",
                described=DescribedNode(hostname=node.name, role=node.role, labels=node.labels, os="linux"),
                stores=node.stores,
            )
            for node in known
        ]
    return [
        _Place(
            name="this machine" if settings.engine.is_here else f"{name}-{number}",
            detail=f"{pool.cpus} cores, {pool.memory}, {pool.role}",
            described=DescribedNode(role=pool.role, labels=pool.labels, os="linux"),
            stores=(),
        )
        for name, pool in settings.nodes.items()
        for number in range(1, pool.count + 1)
    ]


def _services(stack: Compared) -> Iterator[tuple[Service, PlacedService]]:
    changes = {change.name: change for change in stack.report.services}
    old, new = ({each.name: each for each in side} for side in stack.services)
    access = {**stack.before.access, **stack.after.access}
    for name, service in {**old, **new}.items():
        yield service, _placed(service, changes.get(name), access)


def _placed(service: Service, change: ServiceChange | None, access: Mapping[str, str]) -> PlacedService:
    return PlacedService(
        name=service.name,
        layer=service.layer,
        image=change.image.shown if change else f"{service.image.short_name} {service.image.tag}",
        tasks=service.replicas,
        action=change.action if change else None,
        effect=change.effect if change else "",
        volumes=tuple(_own_volumes(service)),
        routes=tuple(routes_of(service, access)),
        servers=service.servers,
    )


def _own_volumes(service: Service) -> Iterator[str]:
    for mount in service.mounts:
        if mount.type == "volume":
            yield mount.source
        elif mount.source.startswith("/mnt/"):
            yield mount.source.split("/")[2]


def _rank(service: PlacedService) -> tuple[int, str, str]:
    layer = LAYERS.index(service.layer) if service.layer in LAYERS else len(LAYERS)
    return layer, service.layer, service.name


def _volumes(
    settings: Environment, places: Sequence[_Place], stacks: Iterable[Compared]
) -> Iterator[tuple[str, Part]]:
    """Volumes with the node that each is on; one that nobody wants any more is at the first."""
    where = {volume_name(settings, store): place.name for place in places for store in place.stores}
    for stack in stacks:
        for volume, action in stack.of_type(*_VOLUMES):
            size = volume.values.get("size")
            part = Part(kind="volume", name=volume.name, detail=f"{size} GiB" if size else "", action=action)
            yield where.get(volume.name, places[0].name), part


def _beside(stacks: Iterable[Compared]) -> Iterator[Part]:
    for type_, stack in product(_BESIDE, stacks):
        for resource, action in stack.of_type(type_):
            inventory = stack.after if resource.address in stack.after.resources else stack.before
            yield Part(
                kind=noun_of(type_), name=resource.name, detail=note_of(resource, inventory), action=action
            )


def _networks(stack: Compared) -> Iterator[Network]:
    sides = [services_by_network(side) for side in stack.services]
    known = {network.name: (network, action) for network, action in stack.of_type("docker_network")}
    for name in sorted({*sides[0], *sides[1]}):
        network, action = known.get(name, (None, None))
        was, will = ({service.name for service in side.get(name, ())} for side in sides)
        yield Network(
            name=name,
            is_internal=bool(network and network.values.get("internal")),
            action=action,
            members=tuple(Member(name=each, action=_move(each, was, will)) for each in sorted(was | will)),
        )


def _move(name: str, was: set[str], will: set[str]) -> Action | None:
    if name not in was:
        return Action.ADD
    return None if name in will else Action.DESTROY
