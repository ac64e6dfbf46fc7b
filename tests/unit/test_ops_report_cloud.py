"""The plan report of a cloud stack."""

from __future__ import annotations

from typing import Any

from ops.model.changes import Action
from ops.model.inventory import from_synthesis
from ops.model.offline_plan import from_inventories
from ops.report import text
from ops.report.compare import compare
from ops.report.model import Report, StackReport
from tests.unit.ops_cloud import cloud


def compared(before: dict[str, Any], after: dict[str, Any]) -> StackReport:
    old, new = from_synthesis(before), from_synthesis(after)
    planned = from_inventories(old, new)
    return compare("prod-cloud", old, new, planned, compared_with="revision v1", offline="no token")


def rendered(report: StackReport) -> str:
    return text.render(Report(environment="prod", stacks=(report,)))


def test_a_new_cloud_in_a_reviewers_words() -> None:
    shown = rendered(compared({}, cloud()))
    for line in (
        "  + droplet prod-app-1 (s-4vcpu-8gb, debian-12-x64, nyc3)",
        "      volumes: prod-redis 5 GiB",
        "      tags: prod",
        "  + volume: prod-minio (30 GiB, nyc3), prod-redis (5 GiB, nyc3)",
        "      in  tcp 22       from 192.0.2.0/24",
        "      in  tcp 443      from anyone",
        "      for droplets with tag prod",
        "  + record swarm (A in example.org -> (ip address of address))",
        "  + reserved ip: address (nyc3)",
    ):
        assert line in shown.splitlines(), f"{line!r} is not in\n{shown}"
    assert "user_data" not in shown and "cloud-config" not in shown
    assert "prod-db" not in shown


def test_instances_of_a_block_are_counted_one_by_one() -> None:
    addresses = set(from_synthesis(cloud()).resources)
    assert {'digitalocean_volume.stores["minio"]', 'digitalocean_volume.stores["redis"]'} <= addresses
    assert not any(address.startswith("digitalocean_database_cluster") for address in addresses)
    two = cloud()
    two["resource"]["digitalocean_database_cluster"]["db"]["count"] = 2
    assert "digitalocean_database_cluster.db[1]" in from_synthesis(two).resources
    unknown = cloud()
    unknown["resource"]["digitalocean_volume"]["stores"]["for_each"] = "${var.stores}"
    assert "digitalocean_volume.stores" in from_synthesis(unknown).resources


def test_what_terraform_leaves_alone_is_no_change() -> None:
    after = cloud()
    droplet = after["resource"]["digitalocean_droplet"]["app-1"]
    droplet |= {"user_data": "#cloud-config\n# two", "image": "debian-13-x64", "ssh_keys": ["1"]}
    assert compared(cloud(), after).is_empty


def test_a_setting_that_forces_a_new_droplet_comes_first_with_the_way_out() -> None:
    after = cloud()
    after["resource"]["digitalocean_droplet"]["app-1"]["region"] = "fra1"
    report = compared(cloud(), after)
    assert report.counts[Action.REPLACE] == 1
    assert report.dangers == (
        "droplet prod-app-1 is replaced (region): its own disk is lost, its volumes stay, its services are down for "
        "minutes; refused on deploy; undo the edit, or python -m ops replace-node --env NAME --node prod-app-1",
    )


def test_a_resize_says_what_it_does() -> None:
    after = cloud()
    after["resource"]["digitalocean_droplet"]["app-1"]["size"] = "s-8vcpu-16gb"
    shown = rendered(compared(cloud(), after))
    assert "~ droplet prod-app-1 (hard power cycle: drain it first; down for minutes)" in shown
    assert "size: s-4vcpu-8gb -> s-8vcpu-16gb" in shown


def test_lost_data_is_the_worst() -> None:
    after = cloud()
    del after["resource"]["digitalocean_volume"]["stores"]["for_each"]["redis"]
    del after["resource"]["digitalocean_droplet"]["app-1"]
    report = compared(cloud(), after)
    assert report.dangers[0].startswith(
        "volume prod-redis is destroyed: all data on it is lost; refused on deploy"
    )
    assert "docs/runbooks/destroy-data.md" in report.dangers[0]
    assert report.dangers[1].startswith("droplet prod-app-1 is destroyed: ")


def test_a_volume_that_moves_is_a_danger() -> None:
    after = cloud()
    after["resource"]["digitalocean_droplet"]["app-1"]["volume_ids"] = [
        '${digitalocean_volume.stores["minio"].id}'
    ]
    (danger,) = compared(cloud(), after).dangers
    assert danger.startswith("droplet prod-app-1 loses volume prod-redis; refused on deploy while it runs")
    assert "docs/runbooks/move-a-store.md" in danger
    assert not compared(after, {**after, "output": {}}).dangers
    more = cloud()
    more["resource"]["digitalocean_droplet"]["app-1"]["volume_ids"] += [
        '${digitalocean_volume.stores["minio"].id}'
    ]
    report = compared(cloud(), more)
    assert not report.dangers and report.counts[Action.REPLACE] == 0
    shown = rendered(report)
    assert "droplet prod-app-1 (new volumes are attached while it runs, and a deploy has" in shown
    assert 'volume_ids: ["prod-redis"] -> ["prod-redis", "prod-minio"]' in shown


def test_a_renamed_volume_is_another_one() -> None:
    after = cloud()
    after["resource"]["digitalocean_volume"]["stores"]["for_each"]["redis"]["name"] = "other"
    (danger,) = compared(cloud(), after).dangers
    assert "is replaced (name): a new, empty volume: all data on the old one is lost" in danger


def test_a_replaced_key_is_a_danger() -> None:
    after = cloud()
    after["resource"]["tls_private_key"]["host"]["algorithm"] = "RSA"
    (danger,) = compared(cloud(), after).dangers
    assert danger.startswith("key host is replaced (algorithm): existing nodes keep the old one")


def test_a_grown_volume_and_a_new_rule_are_told_in_settings() -> None:
    after = cloud()
    after["resource"]["digitalocean_volume"]["stores"]["for_each"]["redis"]["size"] = 9
    rules = after["resource"]["digitalocean_firewall"]["nodes"]["inbound_rule"]
    rules.append({"protocol": "tcp", "port_range": "80", "source_addresses": ["0.0.0.0/0", "::/0"]})
    report = compared(cloud(), after)
    shown = rendered(report)
    assert not report.dangers
    assert "volume prod-redis (grows while in use; a volume cannot shrink)" in shown
    assert "size: 5 -> 9" in shown
