"""Droplets, pools of them, and what has to be there before them."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from sprocket_constructs import (
    ANYWHERE,
    BlockVolumes,
    ConstructError,
    DropletKind,
    Firewall,
    NodeTag,
    PrivateNetwork,
)

from tests.unit.cloud_parts import Ground, document_of, new_cloud, resource


def test_nothing_of_an_account_is_in_the_stack() -> None:
    assert document_of(new_cloud())["provider"]["digitalocean"] == [{}]


def test_a_supplied_value_is_a_variable_and_only_its_expression_is_known() -> None:
    stack = new_cloud()
    assert stack.supplied("mesh_key", "a key") == "${var.mesh_key}"
    assert stack.supplied("name", "a name", sensitive=False) == "${var.name}"
    variables = document_of(stack)["variable"]
    assert variables["mesh_key"]["sensitive"] is True
    assert "sensitive" not in variables["name"]
    assert variables["mesh_key"]["description"] == "a key"


def test_an_output_is_hidden_where_it_is_a_secret() -> None:
    stack = new_cloud()
    stack.tells("address", "x")
    stack.tells("password", "y", sensitive=True)
    assert document_of(stack)["output"] == {
        "address": {"value": "x"},
        "password": {"value": "y", "sensitive": True},
    }


def test_a_network_is_kept() -> None:
    ground = Ground(new_cloud())
    assert resource(ground.stack, "digitalocean_vpc", "network") == {
        "name": "test",
        "region": "fra1",
        "ip_range": "10.20.0.0/20",
        "timeouts": {"delete": "10m"},
        "lifecycle": {"prevent_destroy": True},
    }


@pytest.mark.parametrize(
    ("addresses", "message"),
    [
        ("10.20.0.1/20", "range 10.20.0.1/20: 10.20.0.1/20 has host bits set; use one such as 10.124.0.0/20"),
        ("10.0.0.0/8", "range 10.0.0.0/8 is a /8; use a network of /16 to /28"),
        ("10.0.0.0/29", "range 10.0.0.0/29 is a /29; use a network of /16 to /28"),
    ],
)
def test_a_network_that_cannot_be_is_refused(addresses: str, message: str) -> None:
    with pytest.raises(ConstructError, match=re.escape(f"test/network: {message}")):
        PrivateNetwork(new_cloud(), "network", name="x", region="fra1", addresses=addresses)


def test_a_droplet_as_it_is_by_default() -> None:
    ground = Ground(new_cloud())
    ground.droplet()
    assert resource(ground.stack, "digitalocean_droplet", "one") == {
        "name": "one",
        "region": "fra1",
        "size": "s-2vcpu-4gb",
        "image": "debian-12-x64",
        "vpc_uuid": "${digitalocean_vpc.network.id}",
        "ssh_keys": ["${digitalocean_ssh_key.root_key.id}"],
        "tags": ["${digitalocean_tag.nodes.id}"],
        "volume_ids": [],
        "user_data": "#cloud-config\n",
        "ipv6": False,
        "monitoring": True,
        "droplet_agent": False,
        "backups": False,
        "resize_disk": False,
        "graceful_shutdown": True,
        "timeouts": {"create": "10m", "update": "20m", "delete": "10m"},
        "depends_on": ["digitalocean_firewall.firewall"],
        "lifecycle": {
            "ignore_changes": ["user_data", "ssh_keys", "image", "monitoring", "droplet_agent", "ipv6"]
        },
    }


@pytest.mark.parametrize(
    ("backups", "policy"),
    [("weekly", {"plan": "weekly", "weekday": "SUN", "hour": 4}), ("daily", {"plan": "daily", "hour": 4})],
)
def test_a_droplet_with_everything(backups: Literal["weekly", "daily"], policy: dict[str, object]) -> None:
    ground = Ground(new_cloud())
    volumes = BlockVolumes(ground.stack, "stores", region="fra1")
    kind = DropletKind(size="s-8vcpu-16gb", image="debian-13-x64", monitoring=False, backups=backups)
    ground.droplet(kind=kind, volumes=[volumes.add("redis", name="test-redis", gibibytes=5)])
    droplet = resource(ground.stack, "digitalocean_droplet", "one")
    assert (droplet["backups"], droplet["backup_policy"]) == (True, policy)
    assert (droplet["size"], droplet["image"], droplet["monitoring"]) == (
        "s-8vcpu-16gb",
        "debian-13-x64",
        False,
    )
    assert droplet["volume_ids"] == ['${digitalocean_volume.stores["redis"].id}']


def test_a_droplet_behind_no_firewall_of_its_tags_is_refused() -> None:
    ground = Ground(new_cloud())
    other = NodeTag(ground.stack, "other", name="other")
    message = "test/one: is behind no firewall: no firewall protects one of its tags; pass the firewall of one of its tags"
    with pytest.raises(ConstructError, match=message):
        ground.droplet(tags=[other])


def test_user_data_that_is_too_large_is_refused() -> None:
    ground = Ground(new_cloud())
    ground.droplet("fits", user_data="x" * 65536)
    with pytest.raises(
        ConstructError, match="test/one: user data has 65537 bytes and DigitalOcean accepts 65536; "
    ):
        ground.droplet(user_data="x" * 65537)


def test_a_pool_counts_from_one_and_its_addresses_are_its_own() -> None:
    ground = Ground(new_cloud())
    pool = ground.pool("work", count=2)
    ground.pool("app")
    droplets = document_of(ground.stack)["resource"]["digitalocean_droplet"]
    assert {name: each["name"] for name, each in droplets.items()} == {
        "work-1": "test-work-1",
        "work-2": "test-work-2",
        "app-1": "test-app-1",
    }
    assert droplets["work-2"]["user_data"] == "#cloud-config 2\n"
    assert [droplet.name for droplet in pool.droplets] == ["test-work-1", "test-work-2"]


def test_a_pool_of_none_is_refused() -> None:
    with pytest.raises(
        ConstructError, match="test/work: has 0 droplets; use 1 or more, or leave the pool out"
    ):
        Ground(new_cloud()).pool("work", count=0)


def test_a_volume_for_two_droplets_is_refused() -> None:
    ground = Ground(new_cloud())
    volume = BlockVolumes(ground.stack, "stores", region="fra1").add("redis", name="r", gibibytes=1)
    with pytest.raises(
        ConstructError, match="test/data: has volumes redis and 2 droplets; a volume is on one droplet"
    ):
        ground.pool("data", count=2, volumes=[volume])


def test_a_firewall_lets_in_what_is_admitted_and_everything_out() -> None:
    ground = Ground(new_cloud())
    ground.firewall.admits(443, sources=ANYWHERE)
    ground.firewall.admits(4789, protocol="udp", sources=["10.20.0.0/20"])
    ground.firewall.admits_ping(sources=["10.20.0.0/20"])
    found = resource(ground.stack, "digitalocean_firewall", "firewall")
    assert found["tags"] == ["${digitalocean_tag.nodes.id}"]
    assert found["inbound_rule"] == [
        {"protocol": "tcp", "port_range": "443", "source_addresses": ["0.0.0.0/0", "::/0"]},
        {"protocol": "udp", "port_range": "4789", "source_addresses": ["10.20.0.0/20"]},
        {"protocol": "icmp", "source_addresses": ["10.20.0.0/20"]},
    ]
    assert {rule["protocol"] for rule in found["outbound_rule"]} == {"icmp", "tcp", "udp"}


def test_a_firewall_that_admits_nobody_on_a_port_is_refused() -> None:
    ground = Ground(new_cloud())
    with pytest.raises(ConstructError, match="test/firewall: has a rule without a source; "):
        ground.firewall.admits(22, sources=[])
    with pytest.raises(ConstructError, match="test/firewall: protocol 'icmp' has no ports; use tcp or udp"):
        ground.firewall.admits(22, protocol="icmp", sources=ANYWHERE)


def test_a_firewall_without_admissions_lets_nothing_in() -> None:
    stack = new_cloud()
    Firewall(stack, "closed", name="closed", protects=NodeTag(stack, "tag", name="t"))
    assert "inbound_rule" not in resource(stack, "digitalocean_firewall", "closed")


def test_the_key_that_droplets_are_ordered_with_is_the_stacks_own() -> None:
    ground = Ground(new_cloud())
    assert resource(ground.stack, "tls_private_key", "root_key_pair") == {"algorithm": "ED25519"}
    assert resource(ground.stack, "digitalocean_ssh_key", "root_key") == {
        "name": "test-root",
        "public_key": "${trimspace(tls_private_key.root_key_pair.public_key_openssh)}",
    }
