"""Which services a plan gives an image that does not run yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ops.model.changes import Action, changes_of
from ops.model.image_name import ImageName
from ops.model.service import Service
from ops.model.services import TYPE
from ops.swarm.engine import RunningService


@dataclass(frozen=True, kw_only=True)
class NewImage:
    """A service of a plan whose image is new.

    Args:
        running: the image that the service runs now; empty for a service that is new, too.
    """

    service: Service
    running: str = ""


def new_images(
    plan: Mapping[str, Any], services: Iterable[Service], running: Iterable[RunningService]
) -> list[NewImage]:
    """The services that a plan creates or changes with another image than they run, or, where they are new, than any service runs.

    None where it only creates services, as a first deploy does, or the next one after that was cut off: nothing that runs is touched.

    Args:
        services: as declared.
        running: as the swarm has them.
    """
    changes = [change for change in changes_of(plan) if change.type == TYPE]
    if all(change.planned.action is Action.ADD for change in changes):
        return []
    changed = {change.address for change in changes if change.planned.action is not Action.DESTROY}
    images = {each.name: each.image for each in running}
    digests = {ImageName.parse(image).digest for image in images.values()}
    found = []
    for service in services:
        if service.address not in changed:
            continue
        now = images.get(service.name, "")
        known = {ImageName.parse(now).digest} if now else digests
        if service.image.digest not in known:
            found.append(NewImage(service=service, running=now))
    return found
