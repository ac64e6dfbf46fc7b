"""What a killed apply left in the account is taken into the state before the next one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layers.loading import load_environment
from ops import strays
from ops.account import Account
from ops.errors import OpsError
from ops.target import Target
from tests.unit.ops_cloud import cloud


class State:
    """A Terraform with a state."""

    def __init__(self, *held: tuple[str, str]) -> None:
        self.held = held
        self.imported: list[tuple[str, str]] = []
        self.forgotten: list[str] = []

    def state(self) -> dict[str, Any]:
        resources = [
            {"address": address, "type": address.partition(".")[0], "values": {"id": id_}}
            for address, id_ in self.held
        ]
        return {"values": {"root_module": {"resources": resources}}}

    def import_(self, address: str, id_: str) -> None:
        self.imported.append((address, id_))

    def forget(self, address: str) -> None:
        self.forgotten.append(address)


REDIS, MINIO = ('digitalocean_volume.stores["redis"]', 'digitalocean_volume.stores["minio"]')


def run(monkeypatch: pytest.MonkeyPatch, state: State, **account: list[dict[str, Any]]) -> list[str]:
    monkeypatch.setattr(Target, "terraform", property(lambda self: state))

    monkeypatch.setattr(Account, "listed", lambda self, path, key="": account.get(path, []))
    settings = load_environment("prod")
    target = Target(settings=settings, stack="prod-cloud", document=cloud(), folder=Path("/nowhere"))
    return [str(each) for each in strays.take_in(target)]


def test_a_droplet_that_nobody_wrote_down_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State((REDIS, "r"), (MINIO, "m"))
    droplets = [{"name": "prod-app-1", "id": 7}, {"name": "somebody-elses", "id": 8}]
    assert run(monkeypatch, state, droplets=droplets) == ["droplet prod-app-1 (7)"]
    assert state.imported == [("digitalocean_droplet.app-1", "7")]


def test_a_volume_too_and_what_the_state_knows_stays_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(("digitalocean_droplet.app-1", "7"), (REDIS, "r"))
    volumes = [{"name": "prod-redis", "id": "r"}, {"name": "prod-minio", "id": "m"}]
    assert run(monkeypatch, state, volumes=volumes, droplets=[{"name": "prod-app-1", "id": 7}]) == [
        "volume prod-minio (m)"
    ]
    assert state.imported == [(MINIO, "m")] and not state.forgotten


def test_the_entry_of_one_that_is_gone_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(("digitalocean_droplet.app-1", "7"), (REDIS, "r"), (MINIO, "m"))
    assert run(monkeypatch, state, droplets=[{"name": "prod-app-1", "id": 9}]) == ["droplet prod-app-1 (9)"]
    assert state.forgotten == ["digitalocean_droplet.app-1"]
    assert state.imported == [("digitalocean_droplet.app-1", "9")]
    gone = State(("digitalocean_droplet.app-1", "7"), (REDIS, "r"), (MINIO, "m"))
    assert run(monkeypatch, gone) == [] and not gone.forgotten


def test_an_empty_state_takes_nothing_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, State(), droplets=[{"name": "prod-app-1", "id": 7}]) == []


def test_two_of_one_name_are_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [{"name": "prod-app-1", "id": 7}, {"name": "prod-app-1", "id": 8}]
    with pytest.raises(OpsError, match=r"several droplets prod-app-1 that no state knows: 7, 8"):
        run(monkeypatch, State((REDIS, "r"), (MINIO, "m")), droplets=twins)
