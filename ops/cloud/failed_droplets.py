"""Droplets that an apply gave up on: one that never started is deleted, so that the next apply can create it; one that runs is kept.

Terraform taints such a droplet and would shut it down before it replaces it. A droplet that never started cannot be shut
down ("Droplet already has a pending event"), so every further apply would fail on it. One that became active after the apply
was stopped has all that it was ordered with, and may be a node of the swarm by now.
"""

from __future__ import annotations

from dataclasses import dataclass

from ops.cloud.client import Client, NotFound
from ops.model.changes import ACTIVE, DROPLET
from ops.model.state import Resource, resources_of
from ops.terraform.target import Target

NEVER_STARTED = "new"
"""The API's status of a droplet that is being created."""


@dataclass(frozen=True, kw_only=True)
class UnfinishedDroplet:
    """A droplet that an apply gave up on.

    Args:
        kept: whether it runs, and so stays; else it was deleted.
    """

    name: str
    id: str
    kept: bool

    def __str__(self) -> str:
        end = "is active by now; kept" if self.kept else "never started; deleted, and will be created again"
        return f"droplet {self.name} ({self.id}): the apply that made it did not finish, and it {end}"


def finish(cloud: Target) -> list[UnfinishedDroplet]:
    """Deletes the droplets that the last apply gave up on and that still have not started; volumes stay. Keeps those that run.

    Raises:
        OpsError: the API does not answer, or somebody else has the state's lock.
    """
    marked = [
        each
        for each in resources_of(cloud.terraform.state())
        if each["type"] == DROPLET and each.get("tainted")
    ]
    client = Client()
    return [done for each in marked if (done := _finished(cloud, client, each))]


def _finished(cloud: Target, client: Client, droplet: Resource) -> UnfinishedDroplet | None:
    name, id_ = str(droplet["values"].get("name")), str(droplet["values"].get("id"))
    path = f"droplets/{id_}"
    try:
        status = client.one(path, "droplet").get("status")
    except NotFound:
        return None
    if status == NEVER_STARTED:
        client.remove(path)
        return UnfinishedDroplet(name=name, id=id_, kept=False)
    if status == ACTIVE:
        cloud.terraform.untaint(str(droplet["address"]))
        return UnfinishedDroplet(name=name, id=id_, kept=True)
    return None
