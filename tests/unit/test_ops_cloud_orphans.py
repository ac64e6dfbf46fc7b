"""What a killed apply left in the account is taken into the state before the next one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops.cloud import orphans
from ops.errors import OpsError, Refused
from ops.terraform.target import Target
from tests.unit.ops_account import FakeAccount
from tests.unit.ops_cloud import cloud
from tests.unit.ops_terraform import FakeTerraform, give, resource

VPC = {"name": "prod", "id": "v", "region": "nyc3"}


class State(FakeTerraform):
    """A Terraform that has these in its state, by address and id."""

    def __init__(self, *known: tuple[str, str]) -> None:
        super().__init__()
        self.resources = [resource(address, id=id_, ip_address=id_) for address, id_ in known]
        self.said: list[str] = []


REDIS, MINIO = ('digitalocean_volume.stores["redis"]', 'digitalocean_volume.stores["minio"]')


def document() -> dict[str, Any]:
    made = cloud()
    path = {"//": {"metadata": {"path": "prod-cloud/x"}}}
    made["resource"]["digitalocean_vpc"] = {"network": {**path, "name": "prod", "region": "nyc3"}}
    made["resource"]["digitalocean_ssh_key"] = {"root_key": {**path, "name": "prod-root"}}
    made["resource"]["digitalocean_project"] = {"project": {**path, "name": "sprocket-prod"}}
    made["resource"]["digitalocean_database_cluster"]["db"]["count"] = 1
    return made


def run(monkeypatch: pytest.MonkeyPatch, state: State, **account: list[dict[str, Any]]) -> list[str]:
    give(monkeypatch, cloud=state)
    lists = {key: [{"region": {"slug": "nyc3"}, **each} for each in found] for key, found in account.items()}
    FakeAccount(monkeypatch, **lists)
    target = Target(
        settings=load_environment("prod"),
        stack="prod-cloud",
        document=document(),
        folder=Path("/nowhere"),
    )

    def tell(line: str) -> None:
        state.said.append(f"{len(state.done)} {line}")

    return [str(each) for each in orphans.import_orphans(target, tell)]


def test_a_droplet_that_nobody_wrote_down_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State((REDIS, "r"), (MINIO, "m"))
    droplets = [{"name": "prod-app-1", "id": 7}, {"name": "somebody-elses", "id": 8}]
    assert run(monkeypatch, state, droplets=droplets) == ["droplet prod-app-1 (7)"]
    assert state.done == ["import digitalocean_droplet.app-1 7"]


def test_a_volume_too_and_what_the_state_knows_stays_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(("digitalocean_droplet.app-1", "7"), (REDIS, "r"))
    volumes = [{"name": "prod-redis", "id": "r"}, {"name": "prod-minio", "id": "m"}]
    assert run(monkeypatch, state, volumes=volumes, droplets=[{"name": "prod-app-1", "id": 7}]) == [
        "volume prod-minio (m)"
    ]
    assert state.done == [f"import {MINIO} m"]


def test_the_entry_of_one_that_is_gone_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(("digitalocean_droplet.app-1", "7"), (REDIS, "r"), (MINIO, "m"))
    assert run(monkeypatch, state, droplets=[{"name": "prod-app-1", "id": 9}]) == ["droplet prod-app-1 (9)"]
    assert state.done == ["forget digitalocean_droplet.app-1", "import digitalocean_droplet.app-1 9"]
    gone = State(("digitalocean_droplet.app-1", "7"), (REDIS, "r"), (MINIO, "m"))
    assert run(monkeypatch, gone) == gone.done == []


def test_an_empty_state_takes_nothing_in_and_says_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State()
    with pytest.raises(Refused, match=r"the state of prod-cloud is empty") as caught:
        run(monkeypatch, state, droplets=[{"name": "prod-app-1", "id": 7}], vpcs=[VPC])
    assert [each.what for each in caught.value.obstacles] == [
        "private network prod (v)",
        "droplet prod-app-1 (7)",
    ]
    assert "terraform import 'digitalocean_droplet.app-1' 7" in caught.value.obstacles[1].fix
    assert not state.done
    assert run(monkeypatch, State()) == []


def test_whatever_has_a_name_is_taken_in_and_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State((REDIS, "r"))
    found = run(
        monkeypatch,
        state,
        vpcs=[VPC],
        ssh_keys=[{"name": "prod-root", "id": 1}],
        firewalls=[{"name": "prod-nodes", "id": "f"}, {"name": "staging-nodes", "id": "g"}],
        projects=[{"name": "sprocket-prod", "id": "p"}],
        databases=[{"name": "prod-db", "id": "d", "region": "nyc3"}],
    )
    assert found == [
        "private network prod (v)",
        "ssh key prod-root (1)",
        "firewall prod-nodes (f)",
        "project sprocket-prod (p)",
        "database cluster prod-db (d)",
    ]
    assert state.done[-1] == "import digitalocean_database_cluster.db[0] d"
    assert state.said[0].startswith("0 private network prod (v): created by a killed apply")


def test_another_region_is_another_thing_and_what_the_state_has_is_not_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = State((REDIS, "r"), ("digitalocean_firewall.nodes", "old"))
    elsewhere = {"name": "prod-app-1", "id": 7, "region": {"slug": "fra1"}}
    firewalls = [{"name": "prod-nodes", "id": "f"}]
    assert (
        run(monkeypatch, state, droplets=[elsewhere], vpcs=[{**VPC, "region": "fra1"}], firewalls=firewalls)
        == []
    )


def test_an_address_that_leads_nowhere_is_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State((REDIS, "r"))
    free: list[dict[str, Any]] = [
        {"ip": "203.0.113.9", "droplet": None},
        {"ip": "203.0.113.8", "droplet": {"id": 3}},
    ]
    assert run(monkeypatch, state, reserved_ips=free) == []
    (line,) = state.said
    assert "are not assigned: 203.0.113.9. If a killed apply created one" in line
    assert "terraform import 'digitalocean_reserved_ip.address' <address>" in line


def test_two_of_one_name_are_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [{"name": "prod-app-1", "id": 7}, {"name": "prod-app-1", "id": 8}]
    with pytest.raises(OpsError, match=r"several droplets prod-app-1 that no state knows: 7, 8"):
        run(monkeypatch, State((REDIS, "r"), (MINIO, "m")), droplets=twins)
