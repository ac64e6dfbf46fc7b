"""An apply that is stopped while a droplet starts, with the real provider in the emulated account."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from rehearsal.emulator.faults import Fault
from tests.live.emulated_world import DEPLOY, emulated_world

pytestmark = [
    pytest.mark.live(needs=["terraform", "digitalocean provider", "tls provider"]),
    pytest.mark.proof,
]


def test_a_droplet_that_starts_after_its_apply_was_stopped_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with emulated_world(tmp_path, monkeypatch) as world:
        world.emulator.faults.add(Fault.parse("POST /v2/droplets slow=15 x1"))
        stopped = world.begin(*DEPLOY)
        world.until(120, lambda: bool(world.droplets()), "a droplet is ordered")
        time.sleep(2)
        stopped.process.send_signal(signal.SIGTERM)
        assert stopped.wait(120) == 130
        ordered = dict(world.droplets())
        (id_,) = ordered.values()
        world.until(60, lambda: world.droplet(id_)["status"] == "active", "it starts after all")

        continued = world.begin(*DEPLOY)
        world.end(continued)
        shown = "\n".join(continued.heard)
        assert (
            f"droplet rehearsal-app-1 ({id_}): the apply that made it did not finish, and it is active by now; kept"
        ) in shown
        assert world.droplets() == ordered
        again = world.begin(*DEPLOY)
        world.end(again)
        assert "rehearsal-cloud: nothing to change" in "\n".join(again.heard)
