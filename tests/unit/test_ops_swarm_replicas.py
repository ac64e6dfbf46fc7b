"""Numbers of tasks are changed beside Terraform, and only those that differ."""

from __future__ import annotations

from typing import Any, cast

import docker.errors
import pytest

from ops.errors import OpsError
from ops.swarm.replicas import scale, wait_until_stopped
from tests.unit.ops_backups import ScalingApi, ScalingSwarm
from tests.unit.ops_clock import FakeClock
from tests.unit.ops_swarm import on_swarm, task


def swarm() -> ScalingSwarm:
    return ScalingSwarm(services_=[on_swarm("web"), on_swarm("core", replicas=2)], tasks_=[task("t", "web")])


class Busy(ScalingApi):
    """Somebody else changes the service first, some times."""

    def __init__(self, of: ScalingSwarm, times: int, why: str = "update out of sequence") -> None:
        super().__init__(of)
        self.left = times
        self._why = why

    def update_service(self, *words: Any, **options: Any) -> None:
        if self.left:
            self.left -= 1
            raise docker.errors.APIError(self._why, explanation=self._why)
        super().update_service(*words, **options)


def test_only_what_differs_and_exists_is_scaled() -> None:
    found = swarm()
    scale(found, {"web": 0, "core": 2, "gone": 1})
    assert found.done == ["web 0"]


@pytest.mark.parametrize(("times", "fine"), [(2, True), (3, False)])
def test_a_service_that_is_changed_meanwhile_is_tried_again(times: int, fine: bool) -> None:
    found = swarm()
    found._api = cast(Any, Busy(found, times))
    if fine:
        scale(found, {"web": 0})
        assert found.done == ["web 0"]
    else:
        with pytest.raises(OpsError, match="service web: update out of sequence"):
            scale(found, {"web": 0})


def test_another_refusal_is_not_tried_again() -> None:
    found = swarm()
    api = Busy(found, 1, "no such image")
    found._api = cast(Any, api)
    with pytest.raises(OpsError, match="service web: no such image"):
        scale(found, {"web": 0})


def test_a_task_that_does_not_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock(monkeypatch)
    with pytest.raises(OpsError, match="tasks of web still run after 10 s\n  docker service ps web says"):
        wait_until_stopped(swarm(), ["web", "core"], timeout_s=10)
    assert clock.now == 10
    wait_until_stopped(swarm(), ["core"], timeout_s=10)
