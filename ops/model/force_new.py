"""Settings of DigitalOcean's resources whose change forces a replacement, as provider 2.71 has them."""

from __future__ import annotations

from collections.abc import Mapping

FORCING: Mapping[str, tuple[str, ...]] = {
    "digitalocean_droplet": (
        "image", "region", "ssh_keys", "user_data", "monitoring", "droplet_agent", "vpc_uuid", "ipv6",
    ),
    "digitalocean_volume": (
        "region", "name", "description", "snapshot_id", "initial_filesystem_type", "initial_filesystem_label",
    ),
    "digitalocean_volume_attachment": ("droplet_id", "volume_id"),
    "digitalocean_vpc": ("region", "ip_range"),
    "digitalocean_reserved_ip": ("region",),
    "digitalocean_reserved_ip_assignment": ("ip_address", "droplet_id"),
    "digitalocean_record": ("type", "domain"),
    "digitalocean_domain": ("name",),
    "digitalocean_tag": ("name",),
    "digitalocean_ssh_key": ("public_key",),
    "digitalocean_project_resources": ("project",),
    "digitalocean_database_cluster": ("name", "engine", "private_network_uuid", "project_id"),
    "digitalocean_database_db": ("cluster_id", "name"),
    "digitalocean_database_user": ("cluster_id", "name"),
    "digitalocean_database_connection_pool": ("cluster_id", "name", "user", "mode", "size", "db_name"),
    "digitalocean_database_firewall": ("cluster_id",),
    "digitalocean_spaces_bucket": ("region",),
    "tls_private_key": ("algorithm", "rsa_bits", "ecdsa_curve"),
}  # fmt: skip
