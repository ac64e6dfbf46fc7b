"""Deploys of a cloud stack while the API fails, without any machine behind it: the rehearsal's check in a minute.

What stands on the droplets cannot be seen here; that a stopped, a refused and a killed deploy each leave something that
the next one finishes can.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.suite.checks import faults
from rehearsal.suite.checks.disaster import destroy_all
from rehearsal.suite.world import World
from tests.live.emulated_world import DEPLOY, emulated_world

pytestmark = [
    pytest.mark.live(needs=["terraform", "digitalocean provider", "tls provider"]),
    pytest.mark.proof,
]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with emulated_world(tmp_path, monkeypatch) as world:
        yield world


def test_whatever_the_api_does_the_next_deploy_finishes(world: World) -> None:
    world.ops(*DEPLOY)
    destroy_all(world)
    waiting = {faults.SLOW}
    assert "never active: stopped in order" in faults._never(world, DEPLOY)
    assert faults._refused(world, DEPLOY, waiting) == "refused: told"
    assert faults._killed(world, DEPLOY, waiting) == "killed halfway"
    assert len(world.killed) == 1
    assert "4 passing faults" in faults._passing(world, DEPLOY, waiting)
    assert world.killed <= set(world.droplets().values()), "the killed deploy's droplet was taken in"
    assert not world.emulator.orphans(faults._state(world))
    again = world.begin(*DEPLOY)
    world.end(again)
    assert any("nothing to change" in line for line in again.heard)
