"""What a stack costs a month, and where each price is from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layers.errors import SettingsError
from layers.settings.digitalocean import droplet_sizes
from ops.model.cost import Charge, monthly_cost
from ops.model.inventory import Inventory, from_synthesis
from ops.model.prices import TABLE, prices
from tests.unit.ops_cloud import cloud
from tests.unit.ops_fixtures import stack


def charged(**resources: dict[str, Any]) -> dict[str, float | None]:
    """Dollars by what they are for, of a stack with one resource of each type."""
    document = {"resource": {type_: {"it": values} for type_, values in resources.items()}}
    return {each.what: each.dollars for each in monthly_cost(from_synthesis(document)).charges}


def test_a_cloud_is_charged_for_droplets_and_volumes_the_dearest_first() -> None:
    cost = monthly_cost(from_synthesis(cloud()))
    assert cost.charges == (
        Charge(what="droplet prod-app-1", detail="s-4vcpu-8gb", dollars=48),
        Charge(what="volume prod-minio", detail="30 GiB", dollars=3),
        Charge(what="volume prod-redis", detail="5 GiB", dollars=0.5),
        Charge(what="reserved ip address", detail="assigned", dollars=0),
    )
    assert cost.dollars == 51.5
    assert cost.unpriced == ()


def test_a_managed_database_is_charged_for_each_node() -> None:
    assert charged(
        digitalocean_database_cluster={"name": "db", "size": "db-s-1vcpu-1gb", "node_count": 2}
    ) == {"database cluster db": 30}


def test_all_buckets_together_are_charged_once() -> None:
    document = {"resource": {"digitalocean_spaces_bucket": {"a": {"name": "one"}, "b": {"name": "two"}}}}
    (charge,) = monthly_cost(from_synthesis(document)).charges
    assert charge == Charge(what="spaces", detail="one, two", dollars=5)


def test_each_check_from_outside_is_charged() -> None:
    assert charged(digitalocean_uptime_check={"name": "page", "target": "https://a.example"}) == {
        "uptime check page": 1
    }


def test_backups_of_a_droplet_are_a_share_of_its_price() -> None:
    droplet = {"name": "app", "size": "s-8vcpu-16gb", "backups": True}
    assert charged(digitalocean_droplet={**droplet, "backup_policy": {"plan": "weekly"}}) == {
        "droplet app": 96,
        "backups of droplet app": 19.2,
    }


@pytest.mark.parametrize(
    ("type_", "values", "what"),
    [
        ("digitalocean_droplet", {"name": "app", "size": "s-of-tomorrow"}, "droplet app"),
        ("digitalocean_database_cluster", {"name": "db", "size": "db-huge"}, "database cluster db"),
        ("digitalocean_volume", {"name": "v", "size": "${var.size}"}, "volume v"),
        ("digitalocean_loadbalancer", {"name": "lb"}, "loadbalancer lb"),
    ],
)
def test_what_has_no_known_price_is_named_and_not_in_the_sum(
    type_: str, values: dict[str, Any], what: str
) -> None:
    cost = monthly_cost(from_synthesis({"resource": {type_: {"it": values}}}))
    assert cost.dollars == 0
    assert [charge.what for charge in cost.unpriced] == [what]


def test_daily_backups_of_a_droplet_have_no_known_price() -> None:
    droplet = {"name": "app", "size": "s-8vcpu-16gb", "backups": True, "backup_policy": {"plan": "daily"}}
    assert charged(digitalocean_droplet=droplet)["backups of droplet app"] is None


def test_services_cost_nothing_by_themselves() -> None:
    assert monthly_cost(from_synthesis(stack())).charges == ()
    assert monthly_cost(Inventory(resources={})).dollars == 0


def test_every_droplet_size_that_an_environment_may_have_has_a_price() -> None:
    assert set(prices().droplets.a_month) == set(droplet_sizes())


def test_a_price_without_a_source_or_a_day_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "prices.yaml"
    table.write_text(TABLE.read_text().replace("  as_of: 2026-08-21\n", "", 1))
    with pytest.raises(SettingsError, match=r"prices\.yaml: droplets/as_of: "):
        prices(table)
