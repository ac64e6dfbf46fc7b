"""Droplets that were ordered and never became active: removed, so that the next apply can order them anew.

Terraform marks such a droplet and would shut it down before it replaces it. One that has never started cannot be shut
down ("Droplet already has a pending event"), so every further apply would fail on it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import httpx

from ops.errors import OpsError
from ops.guard import DROPLET
from ops.target import Target

API = "https://api.digitalocean.com"
TIMEOUT_S = 30.0
NEVER_STARTED = "new"
"""The API's word for a droplet that is being made."""


@dataclass(frozen=True, kw_only=True)
class Stillborn:
    """One of them."""

    name: str
    id: str

    def __str__(self) -> str:
        return f"droplet {self.name} ({self.id})"


def remove(cloud: Target) -> list[Stillborn]:
    """Deletes what the last apply gave up on and what has still not started. Nothing ever ran there; volumes stay.

    Raises:
        OpsError: the API does not answer.
    """
    resources = cloud.terraform.state().get("values", {}).get("root_module", {}).get("resources", [])
    marked = [
        Stillborn(name=str(each["values"].get("name")), id=str(each["values"].get("id")))
        for each in resources
        if each["type"] == DROPLET and each.get("tainted")
    ]
    if not marked:
        return []
    token = os.environ.get("DIGITALOCEAN_TOKEN") or os.environ.get("DIGITALOCEAN_ACCESS_TOKEN") or ""
    root = os.environ.get("DIGITALOCEAN_API_URL") or API
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with httpx.Client(base_url=root, headers=headers, timeout=TIMEOUT_S) as client:
            return [each for each in marked if _removed(client, each)]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise OpsError(
            f"DigitalOcean's API at {root} does not tell how {', '.join(map(str, marked))} stands: {error}",
            fix="deploy again when it answers",
        ) from None


def _removed(client: httpx.Client, droplet: Stillborn) -> bool:
    found = client.get(f"/v2/droplets/{droplet.id}")
    if found.status_code == httpx.codes.NOT_FOUND:
        return False
    found.raise_for_status()
    if found.json()["droplet"]["status"] != NEVER_STARTED:
        return False
    client.delete(f"/v2/droplets/{droplet.id}").raise_for_status()
    return True
