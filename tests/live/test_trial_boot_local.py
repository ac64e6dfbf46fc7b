"""Every service of the local environment in one trial: none is refused that is sound, and what cannot be judged is what is known to
lack something there. Without a swarm; the images are those that were built.
"""

from __future__ import annotations

from functools import partial

import pytest

from images import LOCK_FILE
from images.builder import lock
from ops.boot import memory
from ops.boot.container import ThrowawayValues
from ops.boot.needs import Needs
from ops.boot.new_images import NewImage
from ops.boot.outcome import Verdict
from ops.boot.run import Run
from ops.boot.throwaway import Throwaway
from ops.registry.login import Logins
from ops.swarm.engine import connected
from ops.terraform.target import target_of
from tests.live.checkout import ENGINE, absent
from tests.live.fault_stage import of_trials

pytestmark = [pytest.mark.live(needs=["engine"]), pytest.mark.proof]

SOCKET = {"socket-proxy", "collectors-socket-proxy"}
"""Not booted."""

LACKING = {"alloy", "telegraf", "server-analytics-service", "migration"}
"""Read the engine through a socket proxy, or need one that does, or wait for a dump (the stand-in of core does not)."""


def test_every_service_boots_in_a_trial() -> None:
    if not lock.load(LOCK_FILE):
        absent("no images are built; run `python -m images build`")
    target = target_of("local")
    needs = Needs(target.wanted)
    images = [NewImage(service=service) for service in needs.services.values()]

    def tell(verdict: Verdict) -> None:
        print(verdict.line, flush=True)
        if verdict.outcome and not verdict.has_passed:
            print(*(f"    {line}" for line in verdict.outcome.log), sep="\n", flush=True)

    with connected(ENGINE) as swarm:
        world = [needs.services[name] for name in needs.world_of(needs.services)]
        with Throwaway(swarm.api, world, ThrowawayValues(target.wanted), Logins({})) as place:
            run = Run(
                place, needs, images, spare=partial(memory.spare, target), say=lambda text: None, tell=tell
            )
            verdicts = {each.service.name: each for each in run.verdicts()}
    assert of_trials() == []
    assert [name for name, each in verdicts.items() if each.is_refused] == []
    assert {name for name, each in verdicts.items() if each.skipped} == SOCKET
    unproved = {name for name, each in verdicts.items() if not each.has_passed} - SOCKET
    assert all(verdicts[name].lacks for name in unproved)
    assert unproved <= LACKING
