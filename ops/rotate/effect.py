"""What a rotation changes: which services restart and for how long, and what must not be in its plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ops.errors import Obstacle
from ops.model.changes import Action, changes_of
from ops.model.file import template_of
from ops.model.inventory import Inventory
from ops.model.services import TYPE as SERVICE
from ops.model.services import services_of
from ops.model.template import references_in
from ops.report.model import ServiceChange, StackReport
from ops.rotate.secret import Secret


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The plan of a rotation, looked at.

    Args:
        secrets: those that are rotated.
        wanted: the synthesized stack.
        plan: Terraform's, as JSON.
        report: the same as people see it.
    """

    secrets: Sequence[Secret]
    wanted: Inventory
    plan: Mapping[str, Any]
    report: StackReport

    @cached_property
    def restarts(self) -> list[ServiceChange]:
        """Services that change, by name."""
        return sorted(
            (service for layer in self.report.layers for service in layer.services),
            key=lambda service: service.name,
        )

    @cached_property
    def affected(self) -> list[str]:
        """Services that go on running but are connected to one that is away, so that their users may notice."""
        away = {service.name for service in self.restarts if service.away_s}
        known = {service.name for service in self.restarts}
        return [
            service.name
            for service in services_of(self.wanted)
            if service.name not in known and away & set(service.servers)
        ]

    @cached_property
    def unchanged(self) -> list[Secret]:
        """Supplied values that are the deployed ones: nothing that holds them changes."""
        changed = {change.address for change in changes_of(self.plan)}
        return [
            secret
            for secret in self.secrets
            if not secret.is_generated and not changed & files_with([secret], self.wanted)
        ]

    @property
    def longest_s(self) -> int:
        """From the first stop to the last start, at most: services wait for those that they connect to. An estimate."""
        away = {service.name: service.away_s for service in self.restarts}
        resources = {each.address: each for each in self.wanted.of_type(SERVICE)}
        names = {address: each.name for address, each in resources.items()}
        waits = {
            each.name: [names[a] for a in each.values.get("depends_on") or () if a in names]
            for each in resources.values()
        }
        known: dict[str, int] = {}

        def until(name: str) -> int:
            if name not in known:
                known[name] = away.get(name, 0) + max(map(until, waits.get(name, ())), default=0)
            return known[name]

        return max(map(until, away), default=0)

    def others(self, environment: str) -> Iterator[Obstacle]:
        """Everything in the plan that does not follow from the rotation: edits that nobody has deployed."""
        files = files_with(self.secrets, self.wanted)
        readers = {
            s.address for s in services_of(self.wanted) if any(file.address in files for file in s.files)
        }
        values = {secret.address for secret in self.secrets if secret.is_generated}
        found = [
            f"{'/'.join(change.actions)} {change.address}"
            for change in changes_of(self.plan)
            if change.address not in values | files | readers
        ]
        found += [f"change {service.name}: {why}" for service in self.restarts for why in _besides(service)]
        if found:
            yield Obstacle(
                what="the plan would change more than these secrets: " + ", ".join(sorted(found)),
                fix=f"review and deploy these changes first (make plan ENV={environment}; make up ENV={environment}), or undo the "
                "edit; after an interrupted rotation, make up finishes it",
            )


def files_with(secrets: Sequence[Secret], wanted: Inventory) -> set[str]:
    """Addresses of the files that hold one of the values."""
    references = {secret.reference for secret in secrets}
    return {
        each.address
        for each in wanted.of_type("docker_secret")
        if references & set(references_in(template_of(each, wanted)))
    }


def _besides(service: ServiceChange) -> Iterator[str]:
    """What changes about a service besides the content of secret files."""
    if service.action is not Action.CHANGE:
        yield str(service.action)
    if service.image.before != service.image.after:
        yield f"image {service.image.shown}"
    yield from (f"setting {setting.name}" for setting in service.settings)
    yield from (
        f"file {file.path}"
        for file in service.files
        if file.kind != "secret" or file.action is not Action.CHANGE
    )
    if service.joins or service.leaves or service.routes_added or service.routes_removed:
        yield "networks or routes"
