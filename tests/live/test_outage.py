"""A store of the local platform goes away for a while and comes back: all is whole again by itself.

``OUTAGE_SECONDS`` is how long it stays away: 60 by default, 300 in the full form.
"""

from __future__ import annotations

import os
import time

import pytest

from ops.smoke.outcome import Status
from tests.live.local_platform import LocalPlatform, disruptive, until

pytestmark = [pytest.mark.live, pytest.mark.proof]

SECONDS = int(os.environ.get("OUTAGE_SECONDS", "60"))

HEALS_WITHIN_S = 240

RESTARTS_PER_MINUTE = 1.0
"""Of one service. A task is ended after a minute of failed health checks, and comes back after 10 s with 90 s of patience."""


MISSED_AS = {"minio": "s3"}
"""What dependencies on a store are called, where it is not by its name."""


def scaled(platform: LocalPlatform, service: str, replicas: int) -> None:
    """Asks the swarm for that many tasks, as ``docker service scale`` does."""
    spec = platform.api.inspect_service(service)
    wanted = spec["Spec"]
    platform.api.update_service(
        spec["ID"],
        version=spec["Version"]["Index"],
        task_template=wanted["TaskTemplate"],
        name=wanted["Name"],
        labels=wanted.get("Labels"),
        mode={"Replicated": {"Replicas": replicas}},
        update_config=wanted.get("UpdateConfig"),
        rollback_config=wanted.get("RollbackConfig"),
        endpoint_spec=wanted.get("EndpointSpec"),
        fetch_current_spec=False,
    )


@pytest.mark.parametrize("store", ["redis", "rabbitmq", "postgres", "minio"])
def test_an_outage_heals_by_itself(platform: LocalPlatform, store: str) -> None:
    disruptive()
    started = time.monotonic()
    with platform.deaths() as deaths:
        scaled(platform, store, 0)
        try:
            until(120, lambda: platform.tasks.container(store) is None, f"{store} to be gone")
            gone = time.monotonic()
            time.sleep(SECONDS)
            red = _failing(platform)
        finally:
            scaled(platform, store, 1)
        until(HEALS_WITHIN_S, lambda: not _failing(platform), "all checks to be green again")
        platform.wait_for_convergence(stable_s=5)
    minutes = (time.monotonic() - started) / 60
    restarts = {name: count for name, count in deaths.by_service.items() if name != store}
    print(f"{store} away for {time.monotonic() - gone:.0f} s; restarts: {restarts or 'none'}")
    missed = MISSED_AS.get(store, store)
    assert any(name.startswith("dependencies:") and missed in name for name in red), (
        f"nobody missed {store}: {red}"
    )
    assert max(restarts.values(), default=0) <= 1 + RESTARTS_PER_MINUTE * minutes, restarts
    assert deaths.by_service[store] == 1


def _failing(platform: LocalPlatform) -> list[str]:
    return [f"{outcome.area}: {outcome.name}" for outcome in platform.smoke().of(Status.FAILED)]
