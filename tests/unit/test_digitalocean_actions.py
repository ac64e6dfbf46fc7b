"""What takes time: droplets come and go, actions are polled, machines are called."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.emulator import (
    DatabaseCluster,
    DatabaseEndpoint,
    FirewallRule,
    Machine,
    MachineError,
    Machines,
    Record,
    Settings,
    Volume,
)
from rehearsal.emulator.settings import Seconds
from tests.unit.do_shapes.box import DROPLET, KEY, Box, boxed


class Recorder(Machines):
    """Writes down what it is told to do."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.rules: dict[int, tuple[FirewallRule, ...] | None] = {}
        self.zones: dict[str, tuple[Record, ...] | None] = {}
        self.members: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {}
        self.fail = ""

    def create(self, machine: Machine) -> None:
        if self.fail:
            raise MachineError(self.fail)
        self.calls.append(("create", machine))

    def delete(self, droplet: int) -> None:
        self.calls.append(("delete", droplet))

    def power(self, droplet: int, change: str) -> None:
        self.calls.append((change, droplet))

    def resize(self, machine: Machine) -> None:
        self.calls.append(("resize", machine.size))

    def attach(self, droplet: int, volume: Volume) -> None:
        self.calls.append(("attach", droplet, volume.name))

    def detach(self, droplet: int, volume: Volume) -> None:
        self.calls.append(("detach", droplet, volume.name))

    def resize_volume(self, volume: Volume) -> None:
        self.calls.append(("resize_volume", volume.gibibytes))

    def delete_volume(self, volume: str) -> None:
        self.calls.append(("delete_volume", volume))

    def assign(self, address: str, droplet: int) -> None:
        self.calls.append(("assign", address, droplet))

    def unassign(self, address: str, droplet: int) -> None:
        self.calls.append(("unassign", address, droplet))

    def firewall(self, droplet: int, rules: tuple[FirewallRule, ...] | None) -> None:
        self.rules[droplet] = rules

    def zone(self, domain: str, records: tuple[Record, ...] | None) -> None:
        self.zones[domain] = records

    def database(self, cluster: DatabaseCluster) -> DatabaseEndpoint | None:
        return DatabaseEndpoint("pg.test", "private.pg.test", 5432, 6432)

    def database_members(self, cluster: str, users: dict[str, str], databases: tuple[str, ...]) -> None:
        self.members[cluster] = users, databases


@pytest.fixture
def machines() -> Recorder:
    return Recorder()


@pytest.fixture
def box(tmp_path: Path, machines: Recorder) -> Iterator[Box]:
    with boxed(tmp_path, machines) as box:
        yield box


def status(box: Box, number: int) -> str:
    found: str = box.ask("GET", f"/v2/droplets/{number}")["droplet"]["status"]
    return found


def act(box: Box, number: int, type: str, **more: Any) -> None:
    box.ask("POST", f"/v2/droplets/{number}/actions", {"type": type, **more}, 201)
    box.done()


def test_a_droplet_is_new_until_its_time_has_come(tmp_path: Path) -> None:
    with boxed(tmp_path, settings=Settings(Seconds(create=2, destroy=2))) as box:
        created = box.ask("POST", "/v2/droplets", DROPLET, 202)
        number, action = created["droplet"]["id"], created["links"]["actions"][0]["id"]
        assert created["droplet"]["status"] == status(box, number) == "new"
        assert box.ask("GET", f"/v2/actions/{action}")["action"]["completed_at"] is None
        box.done()
        assert status(box, number) == "active"
        assert box.ask("GET", f"/v2/actions/{action}")["action"]["status"] == "completed"
        box.ask("DELETE", f"/v2/droplets/{number}", expect=204)
        assert box.ask("GET", f"/v2/droplets/{number}")["droplet"]["locked"]  # still going
        box.done()
        box.ask("GET", f"/v2/droplets/{number}", expect=404)


def test_a_machine_is_told_all_it_needs(box: Box, machines: Recorder) -> None:
    key = box.ask("POST", "/v2/account/keys", {"name": "a", "public_key": KEY}, 201)["ssh_key"]["id"]
    body = {"name": "a", "region": "fra1", "ip_range": "10.7.0.0/24"}
    vpc = box.ask("POST", "/v2/vpcs", body, 201)["vpc"]["id"]
    volume = box.volume(filesystem_type="ext4", filesystem_label="data")
    more = {"ssh_keys": [key], "user_data": "#cloud-config\n", "volumes": [{"id": volume}], "tags": ["a"]}
    number = box.droplet(vpc_uuid=vpc, ipv6=True, **more)
    ((_, machine),) = machines.calls
    assert machine == Machine(
        id=number,
        name="one",
        region="fra1",
        size="s-1vcpu-1gb",
        vcpus=1,
        memory=1024,
        disk=25,
        image="debian-12-x64",
        user_data="#cloud-config\n",
        ssh_keys=(KEY,),
        public_ipv4="203.0.113.2",
        private_ipv4="10.7.0.2",
        public_ipv6=machine.public_ipv6,
        vpc_id=vpc,
        vpc_range="10.7.0.0/24",
        volumes=(Volume(volume, "data", 10, "ext4", "data"),),
        tags=("a",),
    )
    assert machine.public_ipv6.startswith("2001:db8:")


def test_power_and_size(box: Box, machines: Recorder) -> None:
    number = box.droplet()
    path = f"/v2/droplets/{number}/actions"
    assert "powered off" in box.refused("POST", path, {"type": "resize", "size": "s-2vcpu-4gb"}, status=422)
    act(box, number, "power_off")
    assert status(box, number) == "off"
    assert "already powered off" in box.refused("POST", path, {"type": "power_off"}, status=422)
    act(box, number, "resize", size="s-2vcpu-4gb", disk=True)
    assert "smaller disk" in box.refused("POST", path, {"type": "resize", "size": "s-1vcpu-1gb"}, status=422)
    act(box, number, "power_on")
    droplet = box.ask("GET", f"/v2/droplets/{number}")["droplet"]
    assert (droplet["status"], droplet["size_slug"], droplet["disk"]) == ("active", "s-2vcpu-4gb", 80)
    assert machines.calls[1:] == [("power_off", number), ("resize", "s-2vcpu-4gb"), ("power_on", number)]


def test_without_its_disk_a_droplet_can_be_resized_back(box: Box) -> None:
    number = box.droplet()
    act(box, number, "power_off")
    act(box, number, "resize", size="s-2vcpu-4gb", disk=False)
    act(box, number, "resize", size="s-1vcpu-1gb", disk=False)
    assert box.ask("GET", f"/v2/droplets/{number}")["droplet"]["disk"] == 25


def test_names_and_features(box: Box) -> None:
    number = box.droplet()
    act(box, number, "rename", name="two")
    act(box, number, "enable_backups", backup_policy={"plan": "daily", "hour": 4})
    act(box, number, "enable_ipv6")
    droplet = box.ask("GET", f"/v2/droplets/{number}")["droplet"]
    assert droplet["name"] == "two"
    assert {"backups", "ipv6"} <= set(droplet["features"])
    assert len(droplet["networks"]["v6"]) == 1
    act(box, number, "disable_backups")
    assert "backups" not in box.ask("GET", f"/v2/droplets/{number}")["droplet"]["features"]


def test_volumes_follow_their_actions(box: Box, machines: Recorder) -> None:
    number, id = box.droplet(), box.volume()
    path = f"/v2/volumes/{id}"
    box.ask("POST", f"{path}/actions", {"type": "attach", "droplet_id": number}, 202)
    box.done()
    assert box.ask("GET", f"/v2/droplets/{number}")["droplet"]["volume_ids"] == [id]
    assert box.ask("GET", path)["volume"]["droplet_ids"] == [number]
    box.ask("POST", f"{path}/actions", {"type": "resize", "size_gigabytes": 20}, 202)
    box.done()
    box.ask("POST", f"{path}/actions", {"type": "detach", "droplet_id": number}, 202)
    box.done()
    assert box.ask("GET", f"/v2/droplets/{number}")["droplet"]["volume_ids"] == []
    box.ask("DELETE", path, expect=204)
    box.done()
    told = [
        ("attach", number, "data"),
        ("resize_volume", 20),
        ("detach", number, "data"),
        ("delete_volume", id),
    ]
    assert machines.calls[1:] == told


def test_reserved_ips_follow_their_actions(box: Box, machines: Recorder) -> None:
    number = box.droplet()
    path = f"/v2/reserved_ips/{box.ask('POST', '/v2/reserved_ips', {'region': 'fra1'}, 202)['reserved_ip']['ip']}"
    box.ask("POST", f"{path}/actions", {"type": "assign", "droplet_id": number}, 201)
    box.done()
    assert box.ask("GET", path)["reserved_ip"]["droplet"]["id"] == number
    assert "unassign it first" in box.refused("DELETE", path, status=422)
    box.ask("DELETE", f"/v2/droplets/{number}", expect=204)
    box.done()
    assert box.ask("GET", path)["reserved_ip"]["droplet"] is None
    assert "not assigned" in box.refused("POST", f"{path}/actions", {"type": "unassign"}, status=422)
    assert machines.calls[1:] == [("assign", "198.51.100.2", number), ("delete", number)]


def test_a_machine_that_fails_ends_its_action_as_errored(box: Box, machines: Recorder) -> None:
    machines.fail = "no room left"
    number = box.droplet()
    assert status(box, number) == "new"
    assert box.ask("GET", f"/v2/droplets/{number}/actions")["actions"][0]["status"] == "errored"
    assert [one["problem"] for one in box.emulator.log() if "problem" in one] == ["no room left"]


def test_firewall_rules_reach_the_machines_as_addresses(box: Box, machines: Recorder) -> None:
    one, other = box.droplet(tags=["swarm"]), box.droplet(name="two")
    assert machines.rules == {one: None, other: None}  # no firewall: all is open
    rule = {"protocol": "tcp", "ports": "2377", "sources": {"tags": ["swarm"], "addresses": ["192.0.2.0/24"]}}
    body = {"name": "fw", "tags": ["swarm"], "inbound_rules": [rule]}
    id = box.ask("POST", "/v2/firewalls", body, 202)["firewall"]["id"]
    box.done()
    addresses = ("192.0.2.0/24", "203.0.113.2", "10.116.0.2")
    assert machines.rules == {one: (FirewallRule("inbound", "tcp", "2377", addresses),), other: None}
    tagged = {"resources": [{"resource_id": str(other), "resource_type": "droplet"}]}
    box.ask("POST", "/v2/tags/swarm/resources", tagged, 204)
    box.done()
    more = (FirewallRule("inbound", "tcp", "2377", (*addresses, "203.0.113.3", "10.116.0.3")),)
    assert machines.rules == {one: more, other: more}
    box.ask("DELETE", f"/v2/firewalls/{id}", expect=204)
    box.done()
    assert machines.rules == {one: None, other: None}


def test_zones_reach_the_machines(box: Box, machines: Recorder) -> None:
    box.ask("POST", "/v2/domains", {"name": "a.example"}, 201)
    body = {"type": "A", "name": "*", "data": "192.0.2.1", "ttl": 60}
    box.ask("POST", "/v2/domains/a.example/records", body, 201)
    box.done()
    zone = machines.zones["a.example"]
    assert zone and zone[-1] == Record("A", "*", "192.0.2.1", 60)
    box.ask("DELETE", "/v2/domains/a.example", expect=204)
    box.done()
    assert machines.zones == {"a.example": None}


def test_a_database_answers_where_its_machine_says(box: Box, machines: Recorder) -> None:
    id = box.cluster()
    box.ask("POST", f"/v2/databases/{id}/users", {"name": "app"}, 201)
    cluster = box.ask("GET", f"/v2/databases/{id}")["database"]
    assert cluster["private_connection"]["host"] == "private.pg.test"
    box.done()
    users, databases = machines.members[id]
    assert set(users) == {"doadmin", "app"}
    assert databases == ("defaultdb",)


def test_everything_goes_at_a_reset_and_no_number_comes_back(box: Box, machines: Recorder) -> None:
    number, id = box.droplet(), box.volume()
    box.emulator.reset()
    assert box.emulator.resources() == []
    assert machines.calls[1:] == [("delete", number), ("delete_volume", id)]
    assert box.droplet() > number


def test_a_firewall_has_settled_after_a_moment(tmp_path: Path) -> None:
    with boxed(tmp_path, settings=Settings(Seconds(create=0, firewall=2))) as box:
        number = box.droplet(tags=["a"])
        rule = {"protocol": "icmp", "sources": {"addresses": ["192.0.2.1"]}}
        body = {"name": "fw", "tags": ["a"], "inbound_rules": [rule]}
        firewall = box.ask("POST", "/v2/firewalls", body, 202)["firewall"]
        assert firewall["status"] == "waiting"
        assert firewall["pending_changes"] == [{"droplet_id": number, "removing": False, "status": "waiting"}]
        assert firewall["inbound_rules"][0]["ports"] == "0"
        time.sleep(2.2)
        settled = box.ask("GET", f"/v2/firewalls/{firewall['id']}")["firewall"]
        assert (settled["status"], settled["pending_changes"]) == ("succeeded", [])
