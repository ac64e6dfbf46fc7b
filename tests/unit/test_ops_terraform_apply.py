"""The one error that is repeated, a state that is written anew, and waiting until services stand."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from ops.errors import Interrupted, OpsError
from ops.swarm.tasks import TaskWatch, wait_until_converged
from ops.terraform.apply import apply, only_stop_grace
from ops.terraform.runner import Diagnostic, Outcome
from tests.unit.ops_clock import FakeClock
from tests.unit.ops_nodes import target
from tests.unit.ops_swarm import FakeSwarm, on_swarm, task
from tests.unit.ops_terraform import FakeTerraform, give

GRACE = "error on wait for container with ID 'abc': context deadline exceeded"


def outcome(*texts: str, actions: tuple[str, ...] = ("delete",)) -> Outcome:
    errors = [Diagnostic(severity="error", summary=text) for text in texts]
    return Outcome(
        code=1, diagnostics=errors, errored=[(f"docker_service.s{i}", a) for i, a in enumerate(actions)]
    )


def test_a_used_up_stop_grace_is_repeated() -> None:
    assert only_stop_grace(outcome(GRACE))
    assert only_stop_grace(outcome(GRACE, GRACE, actions=("delete", "delete")))


@pytest.mark.parametrize(
    "other",
    [
        outcome(),
        outcome("Service with ID (x) did not converge after 5m"),
        outcome(GRACE, "service rollback completed", actions=("delete", "update")),
        outcome(GRACE, actions=("create",)),
        outcome(GRACE, actions=("delete", "create")),
        outcome(GRACE, "network has active endpoints", actions=("delete", "delete")),
        outcome("error on wait for container with ID 'abc': connection refused"),
    ],
)
def test_anything_else_is_not(other: Outcome) -> None:
    assert not only_stop_grace(other)


def test_warnings_do_not_hide_that_it_was_only_the_stop_grace() -> None:
    found = outcome(GRACE)
    found.diagnostics.append(Diagnostic(severity="warning", summary="deprecated"))
    assert only_stop_grace(found)


@pytest.mark.parametrize(
    ("encryption", "error", "interrupted", "raised"),
    [
        ("", "no bucket", False, None),
        ("key", "", False, None),
        ("key", "no bucket", False, OpsError),
        ("key", "", True, Interrupted),
    ],
)
def test_where_the_state_is_encrypted_it_is_written_without_changes_too(
    monkeypatch: pytest.MonkeyPatch,
    encryption: str,
    error: str,
    interrupted: bool,
    raised: type[Exception] | None,
) -> None:
    monkeypatch.setenv("TF_ENCRYPTION", encryption)
    terraform = FakeTerraform()
    terraform.error, terraform.interrupted = error, interrupted
    give(monkeypatch, cloud=terraform)
    with pytest.raises(raised) if raised else nullcontext():
        assert apply(target(), parallelism=1) is False
    assert terraform.done == (["apply"] if encryption else [])


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Waits for ``web``; ``later`` says how the swarm is from which second on."""

    def run(
        swarm: FakeSwarm, later: dict[int, FakeSwarm], stable: float = 10, timeout: float = 60
    ) -> tuple[float, list[str]]:
        def then(now: float) -> None:
            if new := later.get(int(now)):
                swarm.services_, swarm.tasks_ = new.services_, new.tasks_

        clock, said = FakeClock(monkeypatch, then), list[str]()
        wait_until_converged(swarm, ["web"], stable_s=stable, timeout_s=timeout, say=said.append)
        return clock.now, said

    return run


def standing(*tasks: str) -> FakeSwarm:
    return FakeSwarm(services_=[on_swarm("web", replicas=1)], tasks_=[task(id_, "web") for id_ in tasks])


def test_the_same_tasks_must_run_for_the_whole_time(wait: Any) -> None:
    assert wait(standing("t1"), {}) == (10.0, ["all services run; watching for restarts for 10 s"] * 10)


def test_a_restart_starts_the_time_again(wait: Any) -> None:
    assert wait(standing("t1"), {6: standing("t2")})[0] == 16.0


def test_a_crash_loop_never_settles(wait: Any) -> None:
    swarm = standing("t0")
    with pytest.raises(OpsError, match=r"did not converge within 60 s: tasks keep restarting"):
        wait(swarm, {second: standing(f"t{second}") for second in range(0, 80, 5)})


def test_what_is_missing_is_named(wait: Any) -> None:
    with pytest.raises(OpsError, match=r"did not converge within 5 s: web 0/1"):
        wait(standing(), {}, timeout=5)
    with pytest.raises(OpsError, match=r"web 0/no such service"):
        wait(FakeSwarm(), {}, timeout=5)


def test_a_task_that_is_asked_to_stop_does_not_count(wait: Any) -> None:
    swarm = standing()
    swarm.tasks_ = [task("t1", "web", wanted="shutdown")]
    with pytest.raises(OpsError, match="web 0/1"):
        wait(swarm, {}, timeout=5)


def test_the_watch_keeps_the_last_failure_and_log_of_each_service() -> None:
    watch = TaskWatch("unix:///nowhere")
    swarm = FakeSwarm(
        services_=[on_swarm("web")], tasks_=[task("t1", "web", "failed", error="task: non-zero exit (3)")]
    )
    watch.look(swarm)
    swarm.tasks_.append(task("t2", "web", "rejected", error="No such image"))
    watch.look(swarm)
    failure = watch.failures["web"]
    assert (failure.reason, failure.count) == ("rejected: No such image", 2)
    assert failure.log == ["last words of web"]


def test_the_watch_remembers_a_service_that_is_gone() -> None:
    watch = TaskWatch("unix:///nowhere")
    watch.look(FakeSwarm(services_=[on_swarm("web", "id-1")]))
    watch.look(FakeSwarm(tasks_=[task("t1", "id-1", "failed", error="exit 1")]))
    assert list(watch.failures) == ["web"]


def test_a_watch_without_an_engine_is_silent() -> None:
    with TaskWatch("unix:///nowhere") as watch:
        pass
    assert watch.failures == {}
