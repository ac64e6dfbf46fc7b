"""Deploys of a cloud stack while the API fails, without any machine behind it: the rehearsal's check in a minute.

What stands on the droplets cannot be seen here; that a stopped, a refused and a killed deploy each leave something that
the next one finishes can.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from layers.loading import load_environment
from ops.rehearse import surroundings
from ops.rehearse.checks import faults
from ops.rehearse.checks.disaster import destroy_all
from ops.rehearse.diary import Diary
from ops.rehearse.world import World
from rehearsal.digitalocean import Emulator
from tests.live.cloud_terraform import KEY, QUICK
from tests.live.spaces_endpoint import SpacesEndpoint

pytestmark = [
    pytest.mark.live(needs=["terraform", "digitalocean provider", "tls provider"]),
    pytest.mark.proof,
]

ENVIRONMENT = "rehearsal"
DEPLOY = ("deploy", "--env", ENVIRONMENT, "--only", "cloud", "--yes")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    settings = load_environment(ENVIRONMENT)
    surroundings.forget(settings)
    spaces = SpacesEndpoint()
    with Emulator(tmp_path / "api", settings=QUICK) as emulator:
        given = {
            **spaces.environment,
            "NO_PROXY": "127.0.0.1",
            "DIGITALOCEAN_TOKEN": "any",
            "DIGITALOCEAN_API_URL": emulator.url,
            "TF_VAR_ssh_key_rehearsal": KEY,
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        diary = Diary(tmp_path / "log")
        no_box = cast(Any, None)
        yield World(environment=ENVIRONMENT, folder=tmp_path, box=no_box, emulator=emulator, diary=diary)
        diary.close()
    spaces.stop()
    surroundings.forget(settings)


def test_whatever_the_api_does_the_next_deploy_finishes(world: World) -> None:
    world.ops(*DEPLOY)
    destroy_all(world)
    assert "never active: stopped in order" in faults._never(world, DEPLOY)
    assert faults._refused(world, DEPLOY) == "refused: told"
    assert faults._killed(world, DEPLOY) == "killed half way"
    assert len(world.killed) == 1
    assert "4 passing faults" in faults._passing(world, DEPLOY)
    assert set(world.droplets().values()) == world.killed, "the killed deploy's droplet was taken in"
    assert not world.emulator.orphans(faults._state(world))
    again = world.begin(*DEPLOY)
    world.end(again)
    assert any("nothing to change" in line for line in again.heard)
