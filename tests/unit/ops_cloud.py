"""A small cloud stack and its plans, for the tests of ops."""

from __future__ import annotations

import copy
from typing import Any

CLOUD: dict[str, Any] = {
    "output": {
        "host_key": {"value": "${tls_private_key.host.public_key_openssh}"},
        "postgres_password": {"sensitive": True, "value": "${digitalocean_database_cluster.db[0].password}"},
    },
    "resource": {
        "digitalocean_droplet": {
            "app-1": {
                "//": {"metadata": {"path": "prod-cloud/app/Resource"}},
                "name": "prod-app-1",
                "size": "s-4vcpu-8gb",
                "image": "debian-12-x64",
                "region": "nyc3",
                "user_data": "#cloud-config\n# one",
                "tags": ["${digitalocean_tag.nodes.id}"],
                "volume_ids": ['${digitalocean_volume.stores["redis"].id}'],
                "lifecycle": {"ignore_changes": ["user_data", "ssh_keys", "image"]},
            }
        },
        "digitalocean_volume": {
            "stores": {
                "//": {"metadata": {"path": "prod-cloud/stores/Resource"}},
                "for_each": {
                    "minio": {"name": "prod-minio", "size": 30},
                    "redis": {"name": "prod-redis", "size": 5},
                },
                "name": "${each.value.name}",
                "size": "${each.value.size}",
                "region": "nyc3",
                "lifecycle": {"prevent_destroy": True},
            }
        },
        "digitalocean_database_cluster": {
            "db": {
                "//": {"metadata": {"path": "prod-cloud/db/Resource"}},
                "count": 0,
                "name": "prod-db",
                "engine": "pg",
                "version": "17",
                "size": "db-s-1vcpu-1gb",
                "region": "nyc3",
            }
        },
        "digitalocean_tag": {"nodes": {"//": {"metadata": {"path": "prod-cloud/nodes"}}, "name": "prod"}},
        "digitalocean_reserved_ip": {
            "address": {"//": {"metadata": {"path": "prod-cloud/address"}}, "region": "nyc3"}
        },
        "digitalocean_record": {
            "swarm": {
                "//": {"metadata": {"path": "prod-cloud/swarm"}},
                "domain": "example.org",
                "name": "swarm",
                "type": "A",
                "value": "${digitalocean_reserved_ip.address.ip_address}",
            }
        },
        "digitalocean_firewall": {
            "nodes": {
                "//": {"metadata": {"path": "prod-cloud/firewall"}},
                "name": "prod-nodes",
                "tags": ["${digitalocean_tag.nodes.id}"],
                "inbound_rule": [
                    {"protocol": "tcp", "port_range": "22", "source_addresses": ["192.0.2.0/24"]},
                    {"protocol": "tcp", "port_range": "443", "source_addresses": ["0.0.0.0/0", "::/0"]},
                ],
            }
        },
        "tls_private_key": {
            "host": {"//": {"metadata": {"path": "prod-cloud/host"}}, "algorithm": "ED25519"}
        },
    },
}


def cloud() -> dict[str, Any]:
    """A copy that a test may change."""
    return copy.deepcopy(CLOUD)


def change(
    address: str,
    *actions: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    paths: tuple[str, ...] = (),
    reason: str = "",
) -> dict[str, Any]:
    """One entry of a plan's ``resource_changes``."""
    return {
        "address": address,
        "type": address.split(".", 1)[0],
        "mode": "managed",
        "action_reason": reason,
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after,
            "replace_paths": [[path] for path in paths],
        },
    }


def plan(*changes: dict[str, Any]) -> dict[str, Any]:
    """A plan as ``terraform show -json`` prints it."""
    return {"resource_changes": list(changes)}
