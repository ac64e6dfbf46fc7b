"""What a failed apply cleans up, the one error that is repeated, a state that is written again, and waiting until services stand."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from ops.errors import Interrupted, OpsError, Refused
from ops.swarm.tasks import TaskWatch, wait_until_converged
from ops.terraform.apply import apply, only_stop_grace
from ops.terraform.lock_holder import LockHolder
from ops.terraform.runner import STALE, Diagnostic, Outcome
from ops.terraform.target import Target
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_clock import FakeClock
from tests.unit.ops_cloud import change
from tests.unit.ops_nodes import SETTINGS, target
from tests.unit.ops_swarm import FakeSwarm, on_swarm, task
from tests.unit.ops_terraform import FakeTerraform, give, resource

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


WEB = ("docker_service.web", "create")
REDIS = ("docker_service.redis", "create")


@pytest.fixture
def failing(boundaries: Boundaries) -> Target:
    """An apply that is to create redis and web, fails, and leaves both on the swarm, on a network of its state."""
    network = resource("docker_network.edge", id="net-1", name="edge")
    boundaries.services.resources = [network]
    boundaries.services.changes = [
        change(address, action, after={"name": address.partition(".")[2]}) for address, action in (WEB, REDIS)
    ]
    boundaries.services.error = "service did not converge"
    boundaries.services.errored = [WEB]
    left = [on_swarm(name, f"{name}-left", uses=["net-1"]) for name in ("redis", "web")]
    boundaries.services.on_apply = lambda: setattr(boundaries.swarm, "services_", left)
    boundaries.swarm.services_ = []
    return targets_of(SETTINGS).services


def test_only_what_this_run_had_begun_is_removed(failing: Target, boundaries: Boundaries) -> None:
    boundaries.services.unfinished = {WEB}
    with pytest.raises(OpsError, match="service did not converge"):
        apply(failing, parallelism=1)
    assert boundaries.done == ["services apply", "remove service web-left"]


def test_an_apply_that_began_nothing_removes_nothing(failing: Target, boundaries: Boundaries) -> None:
    """Another operator's services are just being made under the very names of this plan."""
    with pytest.raises(OpsError, match="service did not converge"):
        apply(failing, parallelism=1)
    assert boundaries.done == ["services apply"]


def test_without_the_engine_terraforms_own_error_is_what_is_told(
    failing: Target, boundaries: Boundaries
) -> None:
    boundaries.services.unfinished = {WEB}
    boundaries.services.error = "Cannot connect to the Docker daemon"
    boundaries.services.on_apply = lambda: setattr(boundaries.swarm, "answers", False)
    with pytest.raises(OpsError, match="Cannot connect to the Docker daemon") as caught:
        apply(failing, parallelism=1)
    assert boundaries.done == ["services apply"]
    assert "what this deploy had begun is left for the next one: the engine at" in str(caught.value)


def test_what_is_begun_is_left_to_the_operator_who_has_the_lock_by_now(
    failing: Target, boundaries: Boundaries
) -> None:
    boundaries.services.unfinished = {WEB}
    boundaries.services.holder = LockHolder(id="1", path="x", operation="", who="ann@laptop", created=0)
    with pytest.raises(OpsError, match="service did not converge") as caught:
        apply(failing, parallelism=1)
    assert boundaries.done == ["services apply"]
    assert "ann@laptop" in str(caught.value)


@pytest.mark.parametrize(("state", "back"), [("updating", True), ("rollback_completed", False), ("", False)])
def test_an_update_that_never_ended_is_rolled_back(
    state: str, back: bool, failing: Target, boundaries: Boundaries
) -> None:
    boundaries.services.errored = [("docker_service.web", "update")]
    boundaries.services.on_apply = lambda: setattr(
        boundaries.swarm,
        "services_",
        [on_swarm("web", update=state, began="now"), on_swarm("redis", update="updating")],
    )
    told = (
        "web: rolled back to its previous version, its update did not finish"
        if back
        else "web: its update failed, the swarm goes back"
    )
    with pytest.raises(OpsError) as caught:
        apply(failing, parallelism=1)
    assert boundaries.done == ["services apply", *(["roll back web"] if back else [])]
    assert (told in str(caught.value)) == bool(state)


def test_a_plan_that_another_apply_overtook_is_refused_with_what_changed(
    failing: Target, boundaries: Boundaries
) -> None:
    boundaries.services.error = STALE[0]
    boundaries.services.errored = []
    with pytest.raises(Refused, match="network edge was added"):
        apply(failing, parallelism=1)


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


def test_an_update_under_way_has_not_converged(wait: Any) -> None:
    updating = standing("t1")
    updating.services_ = [on_swarm("web", update="updating")]
    with pytest.raises(OpsError, match=r"web \(its update is under way\)"):
        wait(updating, {}, timeout=5)
    after = standing("t1")
    after.services_ = [on_swarm("web", update="completed")]
    assert wait(updating, {3: after})[0] == 12.0


@pytest.mark.parametrize(("began", "fails"), [("10:00", False), ("11:00", True)])
def test_an_update_that_the_swarm_took_back_since_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, began: str, fails: bool
) -> None:
    FakeClock(monkeypatch)
    swarm = standing("t1")
    swarm.services_ = [on_swarm("web", update="rollback_completed", began=began)]
    with (
        pytest.raises(OpsError, match="went back to the previous version of web") if fails else nullcontext()
    ):
        wait_until_converged(
            swarm, ["web"], stable_s=0, timeout_s=5, say=lambda text: None, updates={"web": "10:00"}
        )


def test_the_watch_says_what_waits_for_a_node_and_until_when() -> None:
    watch = TaskWatch("unix:///nowhere")
    waiting = task("t1", "web", "pending", error="no suitable node (insufficient resources on 1 node)")
    watch.look(FakeSwarm(services_=[on_swarm("web")], tasks_=[waiting]))
    assert watch.reasons["web"].reason == "pending: no suitable node (insufficient resources on 1 node)"
    watch.look(FakeSwarm())
    assert list(watch.reasons) == ["web"], "the provider deletes it, and the reason would be gone with it"
    watch.look(FakeSwarm(services_=[on_swarm("web")], tasks_=[task("t2", "web")]))
    assert watch.reasons == {}


def test_the_watch_adds_what_a_tasks_error_leaves_out() -> None:
    watch = TaskWatch("unix:///nowhere")
    failed = [
        task("t1", "web", "failed", error="task: non-zero exit (137)", container="c1", exit_code=137),
        task(
            "t2",
            "api",
            "failed",
            error="task: non-zero exit (143): dockerexec: unhealthy container",
            container="unhealthy-1",
        ),
    ]
    watch.look(FakeSwarm(services_=[on_swarm("web"), on_swarm("api")], tasks_=failed))
    assert watch.failures["web"].reason.endswith(
        "(137); killed, as the kernel does with a program that is out of memory (its limit, here 64.0 MB)"
    )
    assert watch.failures["api"].reason.endswith(
        "; unhealthy: its health check printed 'no answer on port 80'"
    )


def test_a_program_that_ends_by_itself_has_failed_too() -> None:
    """So the swarm calls one, too, that it ended for its health and that then left with 0."""
    watch = TaskWatch("unix:///nowhere")
    watch.look(
        FakeSwarm(services_=[on_swarm("web")], tasks_=[task("t1", "web", "complete", wanted="shutdown")])
    )
    assert watch.failures["web"].reason == "ended by itself (exit code 0)"


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
