"""A service of the engine in the form of the declared ones."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from ops.model.inventory import Inventory, from_state
from ops.model.services import services_of
from ops.swarm.live_service import go_duration, live_services
from tests.unit.ops_drift import ON_SWARM, STATE, SwarmApi
from tests.unit.ops_swarm import FakeSwarm
from tests.unit.ops_terraform import resource


def recorded() -> Inventory:
    resources = [resource(address, **values) for address, values in STATE.items()]
    return from_state({"values": {"root_module": {"resources": resources}}}, {})


def swarm_with(api: SwarmApi) -> FakeSwarm:
    swarm = FakeSwarm()
    swarm._api = api
    return swarm


def test_it_is_read_as_terraform_reads_it() -> None:
    (live,) = live_services(swarm_with(SwarmApi()), recorded())
    (known,) = services_of(recorded())
    # What only Terraform has, or what it names otherwise: addresses, paths, and what is in a file.
    files = tuple(replace(file, text="") for file in known.files)
    read = replace(live.service, address=known.address, path=known.path, layer=known.layer)
    assert replace(read, update=known.update, rollback=known.rollback) == replace(known, files=files)
    assert (live.service.update.order, live.service.update.parallelism) == ("start-first", 1)
    assert live.further == {}
    assert (live.forced, live.rolled_back) == (0, False)


def test_what_nobody_can_declare_has_docker_s_name() -> None:
    api = SwarmApi()
    api.task["ContainerSpec"] |= {"Init": True, "CapabilityAdd": ["CAP_NET_ADMIN"]}
    api.task["Resources"]["Limits"]["Pids"] = 10
    api.task["ContainerSpec"]["Mounts"][0]["VolumeOptions"] = {"NoCopy": True}
    (live,) = live_services(swarm_with(api), recorded())
    assert live.further == {
        "ContainerSpec.Init": "true",
        "ContainerSpec.CapabilityAdd": '["CAP_NET_ADMIN"]',
        "Resources.Limits.Pids": "10",
        "Mounts./data.VolumeOptions.NoCopy": "true",
    }


def test_an_update_that_was_rolled_back_and_a_restart_by_hand_are_known() -> None:
    api = SwarmApi()
    api.service["UpdateStatus"] = {"State": "rollback_completed"}
    api.task["ForceUpdate"] = 2
    (live,) = live_services(swarm_with(api), recorded())
    assert (live.rolled_back, live.forced, live.changed) == (True, 2, "2026-11-27T18:00:00.5Z")


def test_reading_changes_nothing_of_what_the_engine_said() -> None:
    api = SwarmApi()
    live_services(swarm_with(api), recorded())
    assert api.service == copy.deepcopy(ON_SWARM)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (None, ""),
        (0, "0s"),
        (500_000_000, "500ms"),
        (1_500_000_000, "1.5s"),
        (90_000_000_000, "1m30s"),
        (3_600_000_000_000, "1h"),
        (3_605_000_000_000, "1h0m5s"),
        (3_660_000_000_000, "1h1m"),
    ],
)
def test_durations_are_spelled_as_the_provider_spells_them(nanoseconds: int | None, text: str) -> None:
    assert go_duration(nanoseconds) == text
