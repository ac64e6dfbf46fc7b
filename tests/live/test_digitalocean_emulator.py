"""The real provider against the emulator: one of every resource, from create to destroy."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.digitalocean_terraform import Config, Terraform
from tests.unit.do_shapes.shapes import faults_of_answer, faults_of_request

pytestmark = [pytest.mark.live(needs=["terraform", "digitalocean provider"]), pytest.mark.proof]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGcTsYKfHoT1Y4PYQ5fM2qCKDOOcGRzNFZ4tnuZWpJiK"
ALERT = {"alerts": [{"email": ["ops@example.com"]}]}

RECORDS: dict[str, dict[str, Any]] = {
    "apex": {"type": "A", "name": "@", "value": "${digitalocean_reserved_ip.main.ip_address}"},
    "all": {"type": "CNAME", "name": "*.admin", "value": "try.example."},
    "caa": {"type": "CAA", "name": "@", "value": "letsencrypt.org.", "flags": 0, "tag": "issue"},
    "mail": {"type": "MX", "name": "@", "value": "mail.example.", "priority": 10},
    "text": {"type": "TXT", "name": "@", "value": "v=spf1 -all"},
}

ONE_OF_EACH: Config = {
    "digitalocean_vpc": {"main": {"name": "try", "region": "fra1", "ip_range": "10.20.0.0/24"}},
    "digitalocean_ssh_key": {"main": {"name": "try", "public_key": KEY}},
    "digitalocean_tag": {name: {"name": f"try-{name}"} for name in ("swarm", "store", "later")},
    "digitalocean_volume": {
        name: {
            "name": f"try-{name}",
            "region": "fra1",
            "size": 10,
            "initial_filesystem_type": "ext4",
            "initial_filesystem_label": name,
            "tags": ["${digitalocean_tag.store.name}"],
        }
        for name in ("a", "b")
    },
    "digitalocean_firewall": {
        "main": {
            "name": "try",
            "tags": ["${digitalocean_tag.swarm.name}"],
            "inbound_rule": [
                {"protocol": "tcp", "port_range": "443", "source_addresses": ["0.0.0.0/0", "::/0"]},
                {"protocol": "udp", "port_range": "all", "source_tags": ["${digitalocean_tag.swarm.name}"]},
                {"protocol": "icmp", "source_addresses": ["10.20.0.0/24"]},
            ],
            "outbound_rule": [
                {"protocol": "tcp", "port_range": "1-65535", "destination_addresses": ["0.0.0.0/0", "::/0"]}
            ],
        }
    },
    "digitalocean_droplet": {
        name: {
            "name": f"try-{name}",
            "region": "fra1",
            "size": "s-2vcpu-4gb",
            "image": "ubuntu-24-04-x64",
            "vpc_uuid": "${digitalocean_vpc.main.id}",
            "ssh_keys": ["${digitalocean_ssh_key.main.id}"],
            "tags": ["${digitalocean_tag.swarm.name}"],
            "volume_ids": [f"${{digitalocean_volume.{name}.id}}"],
            "user_data": "#cloud-config\n",
            "ipv6": True,
            "monitoring": True,
            "backups": True,
            "graceful_shutdown": name == "a",
            "timeouts": {"delete": "10m"},
            "depends_on": ["digitalocean_firewall.main"],
        }
        for name in ("a", "b")
    },
    "digitalocean_reserved_ip": {"main": {"region": "fra1"}},
    "digitalocean_reserved_ip_assignment": {
        "main": {
            "ip_address": "${digitalocean_reserved_ip.main.ip_address}",
            "droplet_id": "${digitalocean_droplet.a.id}",
        }
    },
    "digitalocean_domain": {"main": {"name": "try.example"}},
    "digitalocean_record": {
        name: {"domain": "${digitalocean_domain.main.name}", "ttl": 300, **fields}
        for name, fields in RECORDS.items()
    },
    "digitalocean_project": {"main": {"name": "try", "purpose": "Try it", "environment": "Staging"}},
    "digitalocean_project_resources": {
        "main": {
            "project": "${digitalocean_project.main.id}",
            "resources": [
                "${digitalocean_droplet.a.urn}",
                "${digitalocean_volume.a.urn}",
                "${digitalocean_domain.main.urn}",
            ],
        }
    },
    "digitalocean_database_cluster": {
        "main": {
            "name": "try",
            "engine": "pg",
            "version": "16",
            "size": "db-s-1vcpu-1gb",
            "region": "fra1",
            "node_count": 1,
            "private_network_uuid": "${digitalocean_vpc.main.id}",
            "tags": ["${digitalocean_tag.store.name}"],
            "maintenance_window": [{"day": "monday", "hour": "04:00"}],
        }
    },
    "digitalocean_database_db": {
        "main": {"cluster_id": "${digitalocean_database_cluster.main.id}", "name": "sprocket"}
    },
    "digitalocean_database_user": {
        "main": {"cluster_id": "${digitalocean_database_cluster.main.id}", "name": "sprocket"}
    },
    "digitalocean_database_connection_pool": {
        "main": {
            "cluster_id": "${digitalocean_database_cluster.main.id}",
            "name": "pool",
            "mode": "transaction",
            "size": 10,
            "db_name": "${digitalocean_database_db.main.name}",
            "user": "${digitalocean_database_user.main.name}",
        }
    },
    "digitalocean_database_firewall": {
        "main": {
            "cluster_id": "${digitalocean_database_cluster.main.id}",
            "rule": [{"type": "tag", "value": "${digitalocean_tag.swarm.name}"}],
        }
    },
    "digitalocean_spaces_key": {
        "main": {"name": "try", "grant": [{"bucket": "try", "permission": "readwrite"}]}
    },
    "digitalocean_monitor_alert": {
        "main": {
            "type": "v1/insights/droplet/memory_utilization_percent",
            "description": "memory",
            "compare": "GreaterThan",
            "value": 90,
            "window": "5m",
            "entities": ["${digitalocean_droplet.a.id}"],
            **ALERT,
        }
    },
    "digitalocean_uptime_check": {
        "main": {"name": "try", "target": "https://try.example", "type": "https", "regions": ["eu_west"]}
    },
    "digitalocean_uptime_alert": {
        "main": {
            "name": "down",
            "check_id": "${digitalocean_uptime_check.main.id}",
            "type": "down",
            "threshold": 1,
            "comparison": "less_than",
            "period": "2m",
            "notifications": [{"email": ["ops@example.com"]}],
        }
    },
}


def edited() -> Config:
    """Edits that change things in place, one for each kind of update."""
    new = copy.deepcopy(ONE_OF_EACH)
    new["digitalocean_vpc"]["main"]["description"] = "a description"
    new["digitalocean_droplet"]["b"]["tags"].append("${digitalocean_tag.later.name}")
    new["digitalocean_droplet"]["b"]["backups"] = False
    new["digitalocean_volume"]["a"]["size"] = 20
    new["digitalocean_volume"]["b"]["tags"] = []
    rules = new["digitalocean_firewall"]["main"]["inbound_rule"]
    rules[0]["port_range"] = "8443"
    new["digitalocean_record"]["apex"]["ttl"] = 60
    new["digitalocean_project"]["main"]["description"] = "a description"
    new["digitalocean_database_cluster"]["main"]["maintenance_window"][0]["hour"] = "05:00"
    new["digitalocean_database_firewall"]["main"]["rule"].append({"type": "ip_addr", "value": "192.0.2.1"})
    new["digitalocean_spaces_key"]["main"]["grant"][0]["permission"] = "read"
    new["digitalocean_monitor_alert"]["main"]["value"] = 80.5
    new["digitalocean_uptime_alert"]["main"]["period"] = "5m"
    return new


@pytest.fixture
def terraform(tmp_path: Path) -> Iterator[Terraform]:
    terraform = Terraform(tmp_path)
    yield terraform
    terraform.emulator.stop()


def test_one_of_every_resource_lives_its_whole_life(terraform: Terraform) -> None:
    terraform.write(ONE_OF_EACH)
    terraform.apply()
    assert terraform.changes() == {}
    assert terraform.orphans() == []

    new = edited()
    terraform.write(new)
    planned = terraform.changes()
    assert set(map(tuple, planned.values())) == {("update",)}, planned
    terraform.apply()
    assert terraform.changes() == {}

    new["digitalocean_volume"]["a"]["size"] = 5
    terraform.write(new)
    assert "can only be expanded" in terraform.run("plan", expect=1)

    new["digitalocean_volume"]["a"]["size"] = 20
    terraform.write(new)
    assert "Destroy complete" in terraform.run("destroy", "-auto-approve")
    assert terraform.emulator.resources() == []
    _assert_log(terraform)


def _assert_log(terraform: Terraform) -> None:
    """Every request and answer is as the public API describes it, and nothing was asked that the emulator lacks."""
    log = terraform.emulator.log()
    assert [one for one in log if "problem" in one or not one.get("route")] == []
    wrong = [fault for one in log for fault in faults_of_request(one["route"], one["request"])]
    wrong += [fault for one in log for fault in faults_of_answer(one["route"], one["status"], one["answer"])]
    assert wrong == []
    refused = Counter((one["method"], one["status"]) for one in log if one["status"] >= 400)
    # Found gone after a delete; a VPC that its last droplet is just leaving.
    assert set(refused) <= {("GET", 404), ("DELETE", 409)}, refused
