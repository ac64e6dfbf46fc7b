"""Which program and version has each store's data, before and after a change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sprocket_constructs import version_in

from layers.data.upgrades import DataVersion
from ops.model.inventory import Inventory, Resource, Values
from ops.model.service import Service
from ops.model.services import services_of

RECORD = "terraform_data"
CLUSTER = "digitalocean_database_cluster"

_ENGINES = {"pg": "postgres"}
"""What DigitalOcean calls a program."""


@dataclass(frozen=True, kw_only=True)
class StoreVersions:
    """A store that has data before and after a change.

    Args:
        store: name of its service on the swarm, or of the database cluster.
        address: of the resource in Terraform.
    """

    store: str
    address: str
    before: DataVersion
    after: DataVersion


def versions_of_stores(before: Inventory, after: Inventory) -> list[StoreVersions]:
    """All stores that are there before and after, by name.

    Before is what the state says with the store, also while its service is switched off; of a store from a time when
    nothing was said, the image that its service has.
    """
    return sorted([*_services(before, after), *_clusters(before, after)], key=lambda each: each.store)


def recorded_versions(stack: Inventory) -> Iterator[tuple[Resource, Service, DataVersion]]:
    """Each record of a version, the service whose store it is of, and what it says."""
    services = {service.path: service for service in services_of(stack)}
    for record in stack.of_type(RECORD):
        service = services.get(record.path.rpartition("/")[0])
        version = _recorded(record.values)
        if service is not None and version is not None:
            yield record, service, version


def _services(before: Inventory, after: Inventory) -> Iterator[StoreVersions]:
    running = {service.address: service for service in services_of(before)}
    for record, service, new in recorded_versions(after):
        known = before.resources.get(record.address)
        old = _recorded(known.values) if known else _of_image(running.get(service.address), service, new)
        if old is not None:
            yield StoreVersions(store=service.name, address=service.address, before=old, after=new)


def _recorded(values: Values) -> DataVersion | None:
    said = values.get("input")
    if not isinstance(said, dict) or {"program", "version"} - said.keys():
        return None
    return DataVersion(program=str(said["program"]), version=str(said["version"]))


def _of_image(old: Service | None, new: Service, version: DataVersion) -> DataVersion | None:
    if old is None:
        return None
    if old.image == new.image:
        return version
    tag = old.image.tag
    return DataVersion(program=old.image.short_name, version=version_in(tag) or f"{tag}@{old.image.digest}")


def _clusters(before: Inventory, after: Inventory) -> Iterator[StoreVersions]:
    for cluster in after.of_type(CLUSTER):
        known = before.resources.get(cluster.address)
        if known is not None:
            old, new = _of_cluster(known), _of_cluster(cluster)
            yield StoreVersions(store=cluster.name, address=cluster.address, before=old, after=new)


def _of_cluster(cluster: Resource) -> DataVersion:
    engine = str(cluster.values.get("engine"))
    return DataVersion(program=_ENGINES.get(engine, engine), version=str(cluster.values.get("version")))
