"""What people call a resource of Terraform."""

from __future__ import annotations

import pytest

from ops.model.noun import described, host_of_record


@pytest.mark.parametrize(
    ("address", "values", "words"),
    [
        ("digitalocean_database_cluster.main", {"name": "prod-db"}, "database cluster prod-db"),
        ("digitalocean_record.web", {"name": "web"}, "DNS record web"),
        ("digitalocean_monitor_alert.disk", {"description": "disk is full"}, "monitor alert disk is full"),
        ("random_password.jwt", {}, "password jwt"),
    ],
)
def test_a_resource_is_called_by_its_noun_and_its_name(
    address: str, values: dict[str, str], words: str
) -> None:
    assert described(address, values) == words


@pytest.mark.parametrize(("name", "host"), [("@", "example.org"), ("web", "web.example.org")])
def test_a_record_is_called_by_its_whole_name(name: str, host: str) -> None:
    assert host_of_record({"name": name, "domain": "example.org"}) == host
