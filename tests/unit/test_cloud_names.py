"""Addresses, names, the project, and mail when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sprocket_constructs import Alarms, CloudProject, ConstructError, DnsZone, PublicAddress

from tests.unit.cloud_parts import Ground, document_of, new_cloud, resource


def test_an_address_is_kept_and_led_to_a_droplet_by_a_resource_of_its_own() -> None:
    ground = Ground(new_cloud())
    address = PublicAddress(ground.stack, "address", region="fra1")
    address.leads_to(ground.droplet())
    assert resource(ground.stack, "digitalocean_reserved_ip", "address") == {
        "region": "fra1",
        "lifecycle": {"prevent_destroy": True},
    }
    assert resource(ground.stack, "digitalocean_reserved_ip_assignment", "address") == {
        "ip_address": "${digitalocean_reserved_ip.address.ip_address}",
        "droplet_id": "${digitalocean_droplet.one.id}",
    }


def test_records_in_a_zone_of_ours() -> None:
    stack = new_cloud()
    zone = DnsZone(stack, "zone", name="example.com", is_ours=True)
    zone.address("example.com", "192.0.2.1")
    zone.address("*.sub.example.com", "192.0.2.1", ttl=60)
    zone.address("2v2.example.com", "192.0.2.1")
    zone.alias("db.example.com", "private.db.example.net")
    records = document_of(stack)["resource"]["digitalocean_record"]
    assert {
        key: (each["domain"], each["type"], each["name"], each["value"], each["ttl"])
        for key, each in records.items()
    } == {
        "example_com": ("${digitalocean_domain.zone[0].id}", "A", "@", "192.0.2.1", 300),
        "any_sub_example_com": ("${digitalocean_domain.zone[0].id}", "A", "*.sub", "192.0.2.1", 60),
        "_2v2_example_com": ("${digitalocean_domain.zone[0].id}", "A", "2v2", "192.0.2.1", 300),
        "db_example_com": (
            "${digitalocean_domain.zone[0].id}",
            "CNAME",
            "db",
            "private.db.example.net.",
            300,
        ),
    }


@pytest.mark.parametrize(("is_ours", "count"), [(True, 1), (False, 0)])
def test_a_zone_keeps_its_protection_when_it_is_given_away(is_ours: bool, count: int) -> None:
    stack = new_cloud()
    zone = DnsZone(stack, "zone", name="example.com", is_ours=is_ours)
    zone.address("a.example.com", "192.0.2.1")
    assert resource(stack, "digitalocean_domain", "zone") == {
        "name": "example.com",
        "count": count,
        "lifecycle": {"prevent_destroy": True},
    }
    domain = resource(stack, "digitalocean_record", "a_example_com")["domain"]
    assert (domain == "example.com") is not is_ours
    assert (zone.urn is not None) is is_ours


def test_names_that_cannot_be_are_refused() -> None:
    zone = DnsZone(new_cloud(), "zone", name="example.com", is_ours=False)
    zone.address("a.example.com", "192.0.2.1")
    wrongs: list[tuple[Callable[[], object], str]] = [
        (
            lambda: zone.alias("a.example.com", "b.example.com"),
            "a.example.com has a record already; declare each",
        ),
        (
            lambda: zone.address("example.org", "192.0.2.1"),
            "example.org is not in zone example.com; use a name",
        ),
        (
            lambda: zone.address("badexample.com", "192.0.2.1"),
            "badexample.com is not in zone example.com; use a",
        ),
        (
            lambda: zone.alias("b.example.com", "c.d."),
            "target c.d. of b.example.com ends with a dot; remove the dot",
        ),
    ]
    for wrong, message in wrongs:
        with pytest.raises(ConstructError, match=re.escape(f"test/zone: {message}")):
            wrong()


def test_a_name_with_several_addresses() -> None:
    stack = new_cloud()
    zone = DnsZone(stack, "zone", name="example.com", is_ours=False)
    zone.addresses("all.example.com", {"app-1": "10.0.0.1", "app-2": "10.0.0.2"}, ttl=60)
    for number in (1, 2):
        record = resource(stack, "digitalocean_record", f"all_example_com_app-{number}")
        assert (record["type"], record["name"], record["value"], record["ttl"]) == (
            *("A", "all", f"10.0.0.{number}", 60),
        )
    with pytest.raises(ConstructError, match=r"all\.example\.com has a record already"):
        zone.address("all.example.com", "10.0.0.3")


def test_a_project_shows_what_it_is_given() -> None:
    stack = new_cloud()
    project = CloudProject(stack, "project", name="test", description="a test", stage="Staging")
    project.shows("do:droplet:1", "do:volume:2")
    assert resource(stack, "digitalocean_project", "project") == {
        "name": "test",
        "description": "a test",
        "purpose": "Service or API",
        "environment": "Staging",
    }
    assert resource(stack, "digitalocean_project_resources", "project")["resources"] == [
        "do:droplet:1",
        "do:volume:2",
    ]


def test_an_alert_on_nodes() -> None:
    ground = Ground(new_cloud())
    alarms = Alarms(ground.stack, "alarms", email="ops@example.com", prefix="test")
    alarms.when_above("memory_utilization_percent", 90.5, nodes=ground.tag)
    assert resource(ground.stack, "digitalocean_monitor_alert", "memory") == {
        "type": "v1/insights/droplet/memory_utilization_percent",
        "description": "test: memory above 90.5 percent",
        "compare": "GreaterThan",
        "value": 90.5,
        "window": "5m",
        "enabled": True,
        "tags": ["${digitalocean_tag.nodes.id}"],
        "alerts": {"email": ["ops@example.com"]},
    }


@pytest.mark.parametrize("value", [90.1, 0, 101])
def test_an_alert_on_a_value_that_is_read_back_changed_is_refused(value: float) -> None:
    ground = Ground(new_cloud())
    alarms = Alarms(ground.stack, "alarms", email="ops@example.com", prefix="test")
    with pytest.raises(
        ConstructError, match=f"test/alarms: alert on cpu has the value {value}; use a whole or half"
    ):
        alarms.when_above("cpu", value, nodes=ground.tag)


def test_an_alert_on_a_page() -> None:
    stack = new_cloud()
    alarms = Alarms(stack, "alarms", email="ops@example.com", prefix="test")
    alarms.when_silent("main", url="https://example.com")
    check = resource(stack, "digitalocean_uptime_check", "main")
    alert = resource(stack, "digitalocean_uptime_alert", "main")
    assert (check["target"], check["type"]) == ("https://example.com", "https")
    assert alert["check_id"] == "${digitalocean_uptime_check.main.id}"
    assert (alert["type"], alert["period"]) == ("down_global", "2m")
    assert alert["notifications"] == [{"email": ["ops@example.com"]}]
    with pytest.raises(ConstructError, match="test/alarms: page http://x is not https; watch it the way"):
        alarms.when_silent("other", url="http://x")
