"""What a rebuild of one droplet may change besides it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ops.deploy.replacement_plan import address_of, droplet_id, other_changes
from ops.terraform.target import Target
from tests.unit.ops_cloud import change, cloud, plan
from tests.unit.ops_nodes import SETTINGS

APP = "digitalocean_droplet.app-1"
OWN = {"name": "prod-app-1", "id": "7"}
ANEW = change(APP, "delete", "create", before=OWN, after=OWN)


def document() -> dict[str, Any]:
    made = cloud()
    made["resource"]["digitalocean_record"]["app"] = {
        "//": {"metadata": {"path": "prod-cloud/app"}},
        "name": "app-1.nodes",
        "ttl": 60,
        "value": "${digitalocean_droplet.app-1.ipv4_address_private}",
    }
    made["resource"]["digitalocean_reserved_ip_assignment"] = {
        "address": {
            "//": {"metadata": {"path": "prod-cloud/address"}},
            "droplet_id": "${digitalocean_droplet.app-1.id}",
        }
    }
    return made


CLOUD = Target(settings=SETTINGS, stack=SETTINGS.cloud_stack, document=document(), folder=Path("/nowhere"))
RECORD, ADDRESS = "digitalocean_record.app", "digitalocean_reserved_ip_assignment.address"


def told(*changes: dict[str, Any]) -> list[str]:
    return [each.what for each in other_changes(plan(ANEW, *changes), APP, CLOUD)]


def record(**after: Any) -> dict[str, Any]:
    before = {"name": "app-1.nodes", "ttl": 60, "value": "10.124.0.2"}
    made = change(RECORD, "update", before=before, after={"name": "app-1.nodes", "ttl": 60, **after})
    made["change"]["after_unknown"] = {"value": True, "flags": [False], "port": False}
    return made


def test_what_says_where_a_droplet_is_follows_it() -> None:
    moved = change(ADDRESS, "delete", "create", before={"id": "a", "droplet_id": 7}, after={})
    moved["change"]["after_unknown"] = {"id": True, "droplet_id": True}
    assert told(record(), moved, change("digitalocean_vpc.v", "no-op")) == []
    assert told(change(RECORD, "create", after={"name": "app-1.nodes"})) == []


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (record(ttl=300), f"update {RECORD}"),
        (
            change("digitalocean_record.swarm", "update", before={"value": "1"}, after={"value": "2"}),
            "update digitalocean_record.swarm",
        ),
        (
            change("digitalocean_firewall.nodes", "update", before={}, after={}),
            "update digitalocean_firewall",
        ),
        (change("digitalocean_droplet.app-2", "create", after={}), "create digitalocean_droplet.app-2"),
        (
            change(ADDRESS, "update", before={"ip_address": "a"}, after={"ip_address": "b"}),
            f"update {ADDRESS}",
        ),
    ],
)
def test_an_edit_that_nobody_deployed_is_refused(other: dict[str, Any], named: str) -> None:
    (what,) = told(other)
    assert what.startswith(f"the plan would change more than this droplet: {named}")


def test_a_droplet_is_found_by_name_and_may_be_missing_in_the_state() -> None:
    assert address_of(CLOUD.wanted, "prod-app-1") == APP
    in_state = {"values": {"root_module": {"resources": [{"address": APP, "values": {"id": 7}}]}}}
    assert (droplet_id(in_state, APP), droplet_id({}, APP)) == ("7", "")
