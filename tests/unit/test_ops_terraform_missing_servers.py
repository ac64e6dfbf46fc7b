"""A failure names the servers that the failed service connects to and that do not run."""

from __future__ import annotations

import pytest

from layers.loading import load_environment
from ops.deploy.convergence import wait_for_convergence
from ops.errors import OpsError
from ops.swarm.tasks import TaskFailure, TaskWatch
from ops.terraform.apply import apply
from ops.terraform.missing_servers import missing_servers
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_cloud import change
from tests.unit.ops_swarm import FakeSwarm, connect, on_swarm, task

TARGET = targets_of(load_environment("prod")).services
"""Web connects to redis."""
MISSING = "it connects to redis, of which no task runs"


@pytest.mark.parametrize(
    ("swarm", "missing"),
    [
        (FakeSwarm(services_=[on_swarm("redis")], tasks_=[task("t1", "redis")]), {}),
        (
            FakeSwarm(services_=[on_swarm("redis")], tasks_=[task("t1", "redis", "failed")]),
            {"web": MISSING},
        ),
        (FakeSwarm(services_=[on_swarm("redis")]), {"web": MISSING}),
        (FakeSwarm(), {"web": MISSING}),
    ],
    ids=["it runs", "its task failed", "no task", "no service"],
)
def test_servers_without_a_running_task_are_missing(
    swarm: FakeSwarm, missing: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, swarm)
    assert missing_servers(TARGET, ["web", "redis"]) == missing
    assert missing_servers(TARGET, ["redis"]) == {}


def test_an_engine_that_does_not_answer_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, FakeSwarm(answers=False))
    assert missing_servers(TARGET, ["web"]) == {}


@pytest.fixture
def web_fails(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> Boundaries:
    """Redis has no task, and a task of web has just failed."""
    failure = TaskFailure(
        reason="failed: task: non-zero exit (1)", count=1, log=["no answer from redis:6379"]
    )
    monkeypatch.setattr(TaskWatch, "reasons", property(lambda self: {"web": failure}))
    boundaries.swarm.tasks_ = []
    return boundaries


def test_a_failed_apply_says_it_between_the_reason_and_the_log(web_fails: Boundaries) -> None:
    web_fails.services.changes = [change("docker_service.web", "update", before={}, after={"name": "web"})]
    web_fails.services.error = "service rollback completed"
    with pytest.raises(OpsError) as caught:
        apply(TARGET, parallelism=1)
    told = str(caught.value).splitlines()
    at = told.index("service web: its task failed: task: non-zero exit (1)")
    assert told[at + 1 : at + 3] == [
        "    it connects to redis, of which no task runs",
        "    no answer from redis:6379",
    ]


def test_services_that_do_not_converge_say_it_too(web_fails: Boundaries) -> None:
    with pytest.raises(OpsError, match=r"web: failed: .*; it connects to redis, of which no task runs"):
        wait_for_convergence(TARGET, 1, timeout_s=5)
