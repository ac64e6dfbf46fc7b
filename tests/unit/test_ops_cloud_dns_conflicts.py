"""Records that are in the zone already when ours are about to be made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.cloud import dns_conflicts
from ops.cloud.client import Client
from ops.cloud.dns_conflicts import resolved
from ops.errors import Refused
from ops.terraform.target import Target
from tests.unit.ops_account import FakeAccount
from tests.unit.test_ops_cloud_orphans import REDIS, State, run

ADDRESS = ("digitalocean_reserved_ip.address", "203.0.113.7")
RECORD = "digitalocean_record.swarm"


def with_records(monkeypatch: pytest.MonkeyPatch, state: State, *records: dict[str, Any]) -> list[str]:
    entries = [{"id": 5, "name": "swarm", "type": "A", "data": "203.0.113.7", **each} for each in records]
    return run(monkeypatch, state, domain_records=entries)


def test_a_record_that_a_killed_apply_made_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State((REDIS, "r"), ADDRESS)
    assert with_records(monkeypatch, state, {}, {"id": 6, "type": "TXT"}, {"id": 7, "name": "www"}) == [
        "DNS record swarm (example.org,5)"
    ]
    assert state.done == [f"import {RECORD} example.org,5"]


@pytest.mark.parametrize("in_state", [(), ((REDIS, "r"), ADDRESS)])
def test_a_record_of_somebody_else_is_not_doubled(in_state: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(*in_state)
    with pytest.raises(Refused, match="names in DNS are taken") as caught:
        with_records(monkeypatch, state, {"data": "198.51.100.1"})
    (obstacle,) = caught.value.obstacles
    assert obstacle.what == (
        "the zone has A swarm in example.org -> 198.51.100.1 (5), which the state does not know"
    )
    assert f"terraform import '{RECORD}' example.org,5" in obstacle.fix
    assert not state.done


def test_one_of_another_type_has_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused) as caught:
        with_records(monkeypatch, State(), {"type": "CNAME", "data": "old.example.org"})
    (obstacle,) = caught.value.obstacles
    assert "delete it" in obstacle.fix and "import" not in obstacle.fix


def test_our_own_records_are_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_records(monkeypatch, State((REDIS, "r"), (RECORD, "5")), {"data": "198.51.100.1"}) == []


@pytest.mark.parametrize("in_state", [("app", "data"), ("app",), ()])
def test_managers_share_a_name_and_are_not_in_each_others_way(
    in_state: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One record of each: in the state, made by an apply that was killed, or not made yet."""
    values = {"app": "10.0.0.2", "data": "10.0.0.3", "watch": "10.0.0.4"}
    record = {
        "//": {"metadata": {"path": "prod-cloud/x"}},
        "domain": "example.org",
        "name": "managers",
        "type": "A",
    }
    records = {name: {**record, "value": value} for name, value in values.items()}
    target = Target(
        settings=load_environment("prod"),
        stack="prod-cloud",
        document={"resource": {"digitalocean_record": records}},
        folder=Path("/nowhere"),
    )
    raw = [
        {"id": number, "type": "A", "name": "managers", "data": values[name]}
        for number, name in enumerate(("app", "data"))
    ]
    FakeAccount(monkeypatch, domain_records=raw)
    known = {f"digitalocean_record.{name}": {"id": str(("app", "data").index(name))} for name in in_state}
    found = dns_conflicts.existing_records(target, known, Client())
    assert all(each.ours for each in found)
    assert {each.address for each in found} == {
        f"digitalocean_record.{n}" for n in {"app", "data"} - set(in_state)
    }


def test_a_zone_that_is_yet_to_be_made_has_no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, State((REDIS, "r"), ADDRESS)) == []


def test_values_are_read_from_the_state() -> None:
    in_state = {"digitalocean_database_cluster.db[0]": {"private_host": "db.internal"}}
    assert resolved("${digitalocean_database_cluster.db[0].private_host}.", in_state) == "db.internal."
    assert resolved("${digitalocean_domain.zone[0].id}", in_state) is None
    assert resolved("example.org", in_state) == "example.org"
