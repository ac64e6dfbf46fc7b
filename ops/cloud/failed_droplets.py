"""Removes droplets that never became active, so that the next apply can create them again.

Terraform taints such a droplet and would shut it down before it replaces it. A droplet that never started cannot be shut
down ("Droplet already has a pending event"), so every further apply would fail on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ops.cloud.client import Client, NotFound
from ops.model.changes import DROPLET
from ops.model.state import resources_of
from ops.terraform.target import Target

NEVER_STARTED = "new"
"""The API's status of a droplet that is being created."""


@dataclass(frozen=True, kw_only=True)
class FailedDroplet:
    """A droplet that never became active."""

    name: str
    id: str

    def __str__(self) -> str:
        return f"droplet {self.name} ({self.id})"


def remove(cloud: Target) -> list[FailedDroplet]:
    """Deletes the droplets that the last apply gave up on and that still have not started. Nothing ever ran on them; volumes
    stay.

    Raises:
        OpsError: the API does not answer.
    """
    marked = [
        FailedDroplet(name=str(each["values"].get("name")), id=str(each["values"].get("id")))
        for each in resources_of(cloud.terraform.state())
        if each["type"] == DROPLET and each.get("tainted")
    ]
    client = Client()
    return [each for each in marked if _removed(client, each)]


def _removed(client: Client, droplet: FailedDroplet) -> bool:
    path = f"droplets/{droplet.id}"
    try:
        if client.one(path, "droplet").get("status") != NEVER_STARTED:
            return False
    except NotFound:
        return False
    client.remove(path)
    return True
