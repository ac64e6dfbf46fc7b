"""Terraform addresses of droplets, by the names that people use."""

from __future__ import annotations

import pytest

from ops.errors import WrongUse
from ops.terraform.droplet_addresses import addresses_of


def test_droplets_are_found_by_name() -> None:
    resources = [
        {
            "type": "digitalocean_droplet",
            "address": "digitalocean_droplet.app-1",
            "values": {"name": "prod-app-1"},
        },
        {"type": "digitalocean_volume", "address": "digitalocean_volume.x", "values": {"name": "x"}},
    ]
    state = {"values": {"root_module": {"resources": resources}}}
    assert addresses_of(state, ["prod-app-1"]) == ["digitalocean_droplet.app-1"]
    with pytest.raises(
        WrongUse, match=r"there is no droplet prod-app-9 in the state\n  there are: prod-app-1"
    ):
        addresses_of(state, ["prod-app-9"])
