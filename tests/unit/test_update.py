"""Rolling updates and the way back."""

from sprocket_constructs import SwarmStack, UpdateOrder, UpdatePolicy

from tests.synthesis import declare, service

STEP = {"parallelism": 1, "max_failure_ratio": "0.0"}


def test_start_first_gives_the_proxy_time_to_learn_the_new_address(stack: SwarmStack) -> None:
    declare(stack, "web", update=UpdatePolicy.start_first())
    times = {"order": "start-first", "delay": "5s", "monitor": "15s"}
    assert service(stack, "web")["update_config"] == {**STEP, **times, "failure_action": "rollback"}


def test_the_way_back_is_the_same_but_can_only_pause(stack: SwarmStack) -> None:
    declare(stack, "web", update=UpdatePolicy.start_first().watched_for("90s"))
    rendered = service(stack, "web")
    assert rendered["rollback_config"] == {**rendered["update_config"], "failure_action": "pause"}
    assert rendered["rollback_config"]["monitor"] == "1m30s"


def test_watching_longer_changes_nothing_else() -> None:
    policy = UpdatePolicy.start_first().watched_for("2m")
    assert (policy.order, policy.delay, policy.monitor) == (UpdateOrder.START_FIRST, "5s", "2m")
