"""What has changed since a plan was made, in words."""

from __future__ import annotations

from typing import Any

from ops.terraform.staleness import changed_since, refused
from tests.unit.ops_terraform import resource


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"values": {"root_module": {"resources": list(resources)}}}


WEB = resource("docker_service.web", id="1", name="web", labels=[], task_spec=[1])
KEY = resource("random_password.key", result="hunter2", length=20)


def test_added_removed_and_changed_are_told_with_their_settings_and_without_values() -> None:
    plan = {"prior_state": state(WEB, KEY)}
    now = state(
        resource("docker_service.web", id="1", name="web", labels=["x"], task_spec=[2]),
        resource("docker_network.edge", id="n", name="edge"),
    )
    assert list(changed_since(plan, now)) == [
        "network edge was added",
        "service web was changed: labels, task_spec",
        "password key was removed",
    ]
    changed = state(WEB, resource("random_password.key", result="other", length=20))
    assert list(changed_since(plan, changed)) == ["password key was changed: result"]


def test_what_the_plans_refresh_found_is_not_a_change_of_the_state() -> None:
    """The plan's state has what the swarm had; the stored one is what somebody else would have written."""
    refreshed = resource("docker_service.web", id="1", name="web", labels=["by hand"], task_spec=[1])
    drift = {
        "address": "docker_service.web",
        "change": {"before": WEB["values"], "after": refreshed["values"]},
    }
    plan = {"prior_state": state(refreshed), "resource_drift": [drift]}
    assert list(changed_since(plan, state(WEB))) == []


def test_many_settings_are_counted() -> None:
    plan = {"prior_state": state(resource("docker_service.web", name="web"))}
    now = state(resource("docker_service.web", name="web", a=1, b=2, c=3, d=4, e=5, f=6))
    assert list(changed_since(plan, now)) == ["service web was changed: a, b, c, d and 2 more"]


def test_the_refusal_says_what_to_do() -> None:
    text = str(refused("prod-services", {"prior_state": state()}, state(WEB)))
    assert text.splitlines() == [
        "the plan of prod-services is out of date and was not applied; since it was made, this has changed:",
        "- service web was added",
        "    make a new plan, and have that one approved: python -m ops plan --env prod",
    ]
    assert "an apply has run that changed none" in str(refused("prod-services", {}, {}))
