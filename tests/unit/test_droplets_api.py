"""What the emulator tells the machines for the box's sake, and how the box takes it."""

from __future__ import annotations

from pathlib import Path

from rehearsal.droplets import Box, addresses
from rehearsal.droplets.spaces import identities, owner_key
from rehearsal.emulator import FirewallRule, Machine, Machines, Settings
from rehearsal.emulator.machines import SpacesKey
from tests.unit.do_shapes.box import AT_ONCE, DROPLET, RULE, boxed


class Notes(Machines):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.created: list[Machine] = []
        self.keys: tuple[SpacesKey, ...] = ()
        self.occupied = addresses.not_for_droplets()

    def create(self, machine: Machine) -> None:
        self.created.append(machine)

    def spaces_keys(self, keys: tuple[SpacesKey, ...]) -> None:
        self.keys = keys


def test_a_droplet_comes_with_the_rules_that_hold_for_it(tmp_path: Path) -> None:
    notes = Notes()
    with boxed(tmp_path, notes) as box:
        box.ask("POST", "/v2/tags", {"name": "swarm"}, 201)
        body = {"name": "all", "tags": ["swarm"], "inbound_rules": [RULE], "outbound_rules": []}
        box.ask("POST", "/v2/firewalls", body, 202)
        box.droplet(tags=["swarm"])
        box.droplet()
    guarded, open_to_all = notes.created
    assert guarded.rules == (FirewallRule("inbound", "tcp", "22", ("192.0.2.1",)),)
    assert open_to_all.rules is None


def test_droplets_and_reserved_ips_get_addresses_of_their_own_parts(tmp_path: Path) -> None:
    notes = Notes()
    settings = Settings(AT_ONCE, addresses.PUBLIC, addresses.RESERVED)
    with boxed(tmp_path, notes, settings) as box:
        for _ in range(2):
            box.droplet()
        ip = box.ask("POST", "/v2/reserved_ips", {"region": DROPLET["region"]}, 202)["reserved_ip"]["ip"]
    assert [one.public_ipv4 for one in notes.created] == ["198.51.100.10", "198.51.100.11"]
    assert ip == "198.51.100.130"
    assert addresses.HOST not in {one.public_ipv4 for one in notes.created}


def test_keys_of_spaces_are_told_with_their_grants(tmp_path: Path) -> None:
    notes = Notes()
    with boxed(tmp_path, notes) as box:
        body = {"name": "backups", "grants": [{"bucket": "b", "permission": "readwrite"}]}
        key = box.ask("POST", "/v2/spaces/keys", body, 201)["key"]
        box.done()
        assert notes.keys == (SpacesKey(key["access_key"], key["secret_key"], (("b", "readwrite"),)),)
        box.ask("DELETE", f"/v2/spaces/keys/{key['access_key']}", expect=204)
        box.done()
        assert not notes.keys


def test_grants_become_actions_on_one_bucket() -> None:
    owner = owner_key()
    keys = (owner, SpacesKey("r", "s", (("b", "read"),)), SpacesKey("w", "s", (("b", "readwrite"),)))
    found = {one["name"]: one["actions"] for one in identities(keys)}
    assert "Admin" in found[owner.access_key]
    assert found["r"] == ["List:b", "Read:b", "Tagging:b"]
    assert found["w"] == ["List:b", "Read:b", "Tagging:b", "Write:b"]


def test_every_stand_in_says_what_and_by_what() -> None:
    assert len(Box.stand_ins) > 5 and all(what and by for what, by in Box.stand_ins)
